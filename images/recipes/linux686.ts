import { linuxRecipe } from "./linux.ts";

/** Asks of the CPU no more than CMOV and CMPXCHG8B: no PAE, SSE, APIC or TSC. */
export const linux686 = linuxRecipe({
  id: "linux-686",
  summary: "Debian's 32-bit kernel without PAE, with a busybox initramfs",
  kernel: "linux-image-686",
  real: /^linux-image-\d\S*-686$/,
  architecture: "i386",
  source: "recipes/linux686.ts",
});
