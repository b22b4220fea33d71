/** Debian's kernels, by the packages that always depend on the current one. */
import type { PackageWanted } from "../types.ts";

/** 64-bit, for virtual machines: NVMe and ext4 are built in. No console under Xen. */
export const CLOUD_AMD64_KERNEL = {
  name: "linux-image-cloud-amd64",
  architecture: "amd64",
  real: /^linux-image-\d\S*-cloud-amd64$/,
} as const satisfies PackageWanted;

/** 64-bit, for any machine. */
export const AMD64_KERNEL = {
  name: "linux-image-amd64",
  architecture: "amd64",
  real: /^linux-image-\d[^-]*-\d+-amd64$/,
} as const satisfies PackageWanted;

/** 32-bit; asks of the CPU no more than CMOV and CMPXCHG8B: no PAE, SSE, APIC or TSC. */
export const I686_KERNEL = {
  name: "linux-image-686",
  architecture: "i386",
  real: /^linux-image-\d\S*-686$/,
} as const satisfies PackageWanted;
