// Writes WebAssembly bytes: numbers in LEB128 (core specification 5.2.2) and the instructions with immediates.
// An Encoder is a cursor in memory; it knows nothing of what it writes.
import { Wasm } from "./opcodes";


@unmanaged
export class Encoder {
  /** Where the next byte goes. */
  at: u32;

  // @ts-ignore: decorator
  @inline
  byte(value: u32): void {
    const at = this.at;
    store<u8>(<usize>at, <u8>value);
    this.at = at + 1;
  }

  /** Unsigned LEB128. */
  unsigned(value: u32): void {
    while (value >= 0x80) {
      this.byte((value & 0x7f) | 0x80);
      value >>= 7;
    }
    this.byte(value);
  }

  /** Signed LEB128, of up to 64 bits. */
  signed(value: i64): void {
    while (value < -64 || value > 63) {
      this.byte(((<u32>value) & 0x7f) | 0x80);
      value >>= 7;
    }
    this.byte((<u32>value) & 0x7f);
  }

  /** An instruction without immediates. */
  op(opcode: u32): void {
    if (opcode >= 0xfc00) {
      this.byte(opcode >> 8);
      this.unsigned(opcode & 0xff);
    } else this.byte(opcode);
  }

  i32Const(value: i32): void {
    this.byte(Wasm.I32_CONST);
    this.signed(<i64>value);
  }

  i64Const(value: i64): void {
    this.byte(Wasm.I64_CONST);
    this.signed(value);
  }

  /** LOCAL_GET, LOCAL_SET or LOCAL_TEE. */
  local(opcode: u32, index: u32): void {
    this.byte(opcode);
    this.unsigned(index);
  }

  /** A load or store at address + offset. The alignment hint is 1: guests access anything anywhere. */
  memory(opcode: u32, offset: u32): void {
    this.op(opcode);
    this.byte(0);
    this.unsigned(offset);
  }

  /** BLOCK, LOOP or IF with a value type or ValueType.EMPTY. */
  open(opcode: u32, type: u32): void {
    this.byte(opcode);
    this.byte(type);
  }

  end(): void {
    this.byte(Wasm.END);
  }

  /** BR or BR_IF to the label `depth` levels out. */
  branch(opcode: u32, depth: u32): void {
    this.byte(opcode);
    this.unsigned(depth);
  }

  /** Calls the function of type `type` whose place in table 0 is on the stack. */
  callIndirect(type: u32): void {
    this.byte(Wasm.CALL_INDIRECT);
    this.unsigned(type);
    this.byte(0);
  }

  /** Calls the module's function `index` in place of the one that is running. */
  returnCall(index: u32): void {
    this.byte(Wasm.RETURN_CALL);
    this.unsigned(index);
  }

  /** A length of up to 5 bytes written later: reserves room, see `patch`. */
  reserve(): u32 {
    const at = this.at;
    this.at = at + 5;
    return at;
  }

  /** Fills what `reserve` left: `value` as LEB128 padded to 5 bytes. */
  patch(at: u32, value: u32): void {
    for (let i: u32 = 0; i < 4; i++) {
      store<u8>(<usize>(at + i), <u8>((value & 0x7f) | 0x80));
      value >>= 7;
    }
    store<u8>(<usize>(at + 4), <u8>value);
  }
}
