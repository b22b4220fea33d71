/** A disk or floppy that counts how often it was booted, in its second sector, and says "boot 1", "boot 2" on the screen. */

const BOOT_SECTOR = [
  ...[0x31, 0xc0], //             xor ax, ax
  ...[0x8e, 0xd8], //             mov ds, ax
  ...[0x8e, 0xc0], //             mov es, ax
  ...[0x8e, 0xd0], //             mov ss, ax
  ...[0xbc, 0x00, 0x7c], //       mov sp, 0x7c00
  ...[0xbb, 0x00, 0x7e], //       mov bx, 0x7e00
  ...[0xb9, 0x02, 0x00], //       mov cx, 2            ; cylinder 0, sector 2
  ...[0xb6, 0x00], //             mov dh, 0            ; head 0; DL is the drive booted from
  ...[0xb8, 0x01, 0x02], //       mov ax, 0x0201       ; read one sector
  ...[0xcd, 0x13], //             int 0x13
  ...[0xfe, 0x06, 0x00, 0x7e], // inc byte [0x7e00]
  ...[0xb8, 0x01, 0x03], //       mov ax, 0x0301       ; write one
  ...[0xcd, 0x13], //             int 0x13
  ...[0xbe, 0x3a, 0x7c], //       mov si, text
  ...[0xac], //             next: lodsb
  ...[0xb4, 0x0e], //             mov ah, 0x0e         ; teletype output
  ...[0xbb, 0x07, 0x00], //       mov bx, 7
  ...[0xcd, 0x10], //             int 0x10
  ...[0x3c, 0x20], //             cmp al, ' '
  ...[0x75, 0xf4], //             jne next
  ...[0xa0, 0x00, 0x7e], //       mov al, [0x7e00]
  ...[0x04, 0x30], //             add al, '0'
  ...[0xcd, 0x10], //             int 0x10
  ...[0xf4], //             stop: hlt
  ...[0xeb, 0xfd], //             jmp stop
  ...new TextEncoder().encode("boot "), // text
];
const BOOT_SIGNATURE_OFFSET = 510;

export const FLOPPY_BYTES = 1_474_560;

export function countingDisk(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(sizeBytes);
  image.set(BOOT_SECTOR);
  image.set([0x55, 0xaa], BOOT_SIGNATURE_OFFSET);
  return image;
}
