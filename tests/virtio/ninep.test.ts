/** Linux on virtio-9p: its root file system in memory, and a folder of the host. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { NodeFileTree } from "../../src/storage/nodeFileTree.ts";
import { readCpio, treeOf } from "../support/cpioTree.ts";
import { hasImages, image } from "../support/images.ts";
import { LinuxGuest, TEST_LIMIT_MS } from "../support/linuxGuest.ts";

const KERNEL = "linux-686/vmlinuz";
const INITRDS = ["linux-686/initrd.gz", "virtio-modules-686/modules.gz"];
const DATA_BYTES = 3_000_000;

describe.runIf(hasImages(KERNEL, ...INITRDS))("Linux on virtio-9p", () => {
  const folder = mkdtempSync(join(tmpdir(), "tabvisor-share-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("boots from a tree in memory, and shares a folder with the host", { timeout: TEST_LIMIT_MS }, async () => {
    const root = treeOf(readCpio(image(INITRDS[0] as string)));
    const data = new Uint8Array(DATA_BYTES).map((_byte, index) => Math.imul(index, 0x9e3779b1) >>> 24);
    writeFileSync(join(folder, "data"), data);
    const guest = await LinuxGuest.create({
      kernel: KERNEL,
      initrds: INITRDS,
      append: "console=ttyS0 rdinit=/init.modules root_9p=root",
      backends: {
        shares: [
          { tag: "root", tree: root },
          { tag: "host", tree: new NodeFileTree(folder) },
        ],
      },
    });
    await guest.boot();
    expect(await guest.run("grep ' / ' /proc/mounts")).toMatch(/^root \/ 9p /m);
    await guest.run("mkdir /root/made; echo from the guest > /root/made/file; sync");
    expect(new TextDecoder().decode(root.contents(["root", "made", "file"]))).toBe("from the guest\n");

    await guest.run("mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 host /mnt");
    expect(await guest.run("md5sum < /mnt/data")).toContain(createHash("md5").update(data).digest("hex"));
    await guest.run("cp /mnt/data /mnt/copy && mv /mnt/copy /mnt/moved && chmod 640 /mnt/moved && rm /mnt/data");
    expect(new Uint8Array(readFileSync(join(folder, "moved")))).toEqual(data);
    expect(await guest.run("ls /mnt; ln -s /etc/hostname /mnt/link; cat /mnt/link 2>/dev/null || echo guest")).toMatch(
      /moved\s+guest$/,
    );
    await guest.powerOff();
  });
});
