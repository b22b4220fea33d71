/** Reads an unsigned LEB128 at `at`; gives [value, next offset]. */
function leb128(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (!(byte & 0x80)) return [value, at];
  }
}

const IMPORT_SECTION = 2;
const EXTERNAL_MEMORY = 2;
const LIMITS_SHARED = 0x02;

/**
 * The same module importing an unshared memory: clears the "shared" bit of its memory import (WebAssembly core
 * specification 5.5.5, threads proposal). Atomic instructions are valid on unshared memory too.
 */
export function unshareMemoryImport(module: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(module);
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at];
    const [size, body] = leb128(bytes, at + 1);
    if (id === IMPORT_SECTION) {
      let [count, entry] = leb128(bytes, body);
      for (; count > 0; count--) {
        for (let name = 0; name < 2; name++) {
          const [length, start] = leb128(bytes, entry);
          entry = start + length;
        }
        const kind = bytes[entry++];
        if (kind === EXTERNAL_MEMORY) {
          bytes[entry] &= ~LIMITS_SHARED;
          return bytes;
        }
        if (kind !== 0) throw new Error(`import kind ${kind} before the memory is not understood`);
        entry = leb128(bytes, entry)[1];
      }
    }
    at = body + size;
  }
  throw new Error("the module imports no memory");
}
