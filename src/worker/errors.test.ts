import { expose, wrap } from "comlink";
import { afterEach, describe, expect, it } from "vitest";
import { StorageError } from "../bus/blockBackend.ts";
import { EngineError } from "../core/engineError.ts";
import { VmError } from "../vm/vmError.ts";
import { installErrorTransfer, packError, unpackError } from "./errors.ts";

installErrorTransfer();

/** An object that throws what it is told, at the other end of a message channel. */
function remoteThrower(errors: Readonly<Record<string, unknown>>) {
  const { port1, port2 } = new MessageChannel();
  expose(
    {
      throwIt: (name: string): void => {
        throw errors[name];
      },
    },
    port1,
  );
  ports.push(port1, port2);
  return wrap<{ throwIt(name: string): void }>(port2);
}

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

describe("errors across comlink", () => {
  const thrower = remoteThrower.bind(undefined, {
    vm: new VmError("bad-kernel", "not a kernel"),
    engine: new EngineError("no-memory", "3000 MiB"),
    storage: new StorageError("disk.img is empty"),
    other: new TypeError("a defect"),
    text: "just text",
  });

  it("keep class, code and message of ours", async () => {
    const vm = await thrower()
      .throwIt("vm")
      .catch((error: unknown) => error);
    expect(vm).toBeInstanceOf(VmError);
    expect(vm).toMatchObject({ code: "bad-kernel", message: "not a kernel", name: "VmError" });
    const engine = await thrower()
      .throwIt("engine")
      .catch((error: unknown) => error);
    expect(engine).toBeInstanceOf(EngineError);
    expect(engine).toMatchObject({ code: "no-memory", message: "3000 MiB" });
    const storage = await thrower()
      .throwIt("storage")
      .catch((error: unknown) => error);
    expect(storage).toBeInstanceOf(StorageError);
    expect(storage).toMatchObject({ message: "disk.img is empty" });
  });

  it("keep name and message of others", async () => {
    const error = await thrower()
      .throwIt("other")
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "TypeError", message: "a defect" });
  });

  it("pass on what is no error", async () => {
    expect(
      await thrower()
        .throwIt("text")
        .catch((thrown: unknown) => thrown),
    ).toBe("just text");
  });
});

it("packs what was thrown even when it is no error", () => {
  expect(unpackError(packError("text"))).toMatchObject({ message: "text" });
});
