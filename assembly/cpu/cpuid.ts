// CPUID. SDM vol. 2A, CPUID. Only what the engine does is claimed.
//
// The model is an Atom of the first generation (family 6, model 1CH): an in-order core. That is the truth, as nothing
// here speculates, and it keeps guests from working around Meltdown and Spectre (page-table isolation, retpolines),
// which Linux decides by model number for this family and by IA32_ARCH_CAPABILITIES for newer code.
import { Cr4, PHYSICAL_BITS } from "./registerBits";
import { Vcpu } from "./state";

/** CPUID.1:EAX, and EDX at reset: family 6, model 1CH, stepping 10. */
export const CPU_SIGNATURE: u32 = 0x000106ca;

/** FPU DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2. */
const FEATURES_EDX: u32 = 0x078bfbfd;
/** CX16, PCID, XSAVE, hypervisor. */
const FEATURES_ECX: u32 = 0x84022000;
const OSXSAVE: u32 = 1 << 27;
const APIC: u32 = 1 << 9;
/** Leaf 7 EBX: FSGSBASE, SMEP, ERMS, INVPCID, SMAP. */
const FEATURES7_EBX: u32 = 0x00100681;
/** Leaf 7 EDX: IA32_ARCH_CAPABILITIES. */
const FEATURES7_EDX: u32 = 0x20000000;
/** SYSCALL, NX, 1 GiB pages, RDTSCP, LM. */
const EXTENDED_EDX: u32 = 0x2c100800;
const APIC_GLOBAL_ENABLE: u64 = 0x800;

const MAX_BASIC: u32 = 0x16;
const MAX_EXTENDED: u32 = 0x80000008;
const MAX_HYPERVISOR: u32 = 0x40000010;
/** The TSC and the local APIC's timer count nanoseconds. */
const TSC_HZ: u32 = 1_000_000_000;

function set(cpu: Vcpu, a: u32, b: u32, c: u32, d: u32): void {
  cpu.rax = a;
  cpu.rbx = b;
  cpu.rcx = c;
  cpu.rdx = d;
}

/** "Tabvisor vCPU", padded with zeros, in leaves 80000002H to 80000004H. */
function brand(cpu: Vcpu, part: u32): void {
  if (part == 0) set(cpu, 0x76626154, 0x726f7369, 0x50437620, 0x55);
  else set(cpu, 0, 0, 0, 0);
}

/** Deterministic cache parameters: type | level << 5 | self-initialising; ways, line size, sets. */
function cache(cpu: Vcpu, typeAndLevel: u32, ways: u32, sets: u32): void {
  set(cpu, typeAndLevel | 0x100, ((ways - 1) << 22) | 63, sets - 1, 0);
}

function caches(cpu: Vcpu, index: u32): void {
  switch (index) {
    case 0:
      cache(cpu, 0x21, 8, 64); // L1 data 32 KiB
      break;
    case 1:
      cache(cpu, 0x22, 8, 64); // L1 code 32 KiB
      break;
    case 2:
      cache(cpu, 0x43, 8, 4096); // L2 2 MiB
      break;
    default:
      set(cpu, 0, 0, 0, 0);
  }
}

function features(cpu: Vcpu): void {
  let ecx = FEATURES_ECX;
  if (cpu.cr4 & Cr4.OSXSAVE) ecx |= OSXSAVE;
  let edx = FEATURES_EDX;
  if (!(cpu.apicBase & APIC_GLOBAL_ENABLE)) edx &= ~APIC;
  // CLFLUSH line of 64 bytes, one logical processor, APIC ID 0.
  set(cpu, CPU_SIGNATURE, 0x00010800, ecx, edx);
}

function extendedState(cpu: Vcpu, index: u32): void {
  // x87 and SSE: the legacy area and the header.
  if (index == 0) set(cpu, 3, 576, 576, 0);
  else set(cpu, 0, 0, 0, 0);
}

/**
 * VMware's leaves: a guest that sees this signature may use the backdoor port (src/devices/vmmouse/vmport.ts). Linux looks for the
 * absolute pointer, and takes the frequencies of TSC and APIC timer from there, on hypervisors that it knows only.
 */
function hypervisor(cpu: Vcpu, leaf: u32): void {
  if (leaf == 0x40000000)
    set(cpu, MAX_HYPERVISOR, 0x61774d56, 0x4d566572, 0x65726177); // VMwareVMware
  else if (leaf == MAX_HYPERVISOR)
    set(cpu, TSC_HZ / 1000, TSC_HZ / 1000, 0, 0); // TSC and APIC timer, kHz
  else set(cpu, 0, 0, 0, 0);
}

function extended(cpu: Vcpu, leaf: u32): void {
  switch (leaf) {
    case 0x80000000:
      set(cpu, MAX_EXTENDED, 0, 0, 0);
      break;
    case 0x80000001:
      set(cpu, 0, 0, 1, EXTENDED_EDX); // ECX: LAHF in 64-bit mode
      break;
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
      brand(cpu, leaf - 0x80000002);
      break;
    case 0x80000006:
      set(cpu, 0, 0, (2048 << 16) | (6 << 12) | 64, 0); // L2: 2 MiB, 8-way, 64-byte lines
      break;
    case 0x80000007:
      set(cpu, 0, 0, 0, 0x100); // invariant TSC
      break;
    case 0x80000008:
      set(cpu, (48 << 8) | PHYSICAL_BITS, 0, 0, 0);
      break;
    default:
      set(cpu, 0, 0, 0, 0);
  }
}

export function cpuid(cpu: Vcpu): void {
  const leaf = <u32>cpu.rax;
  const index = <u32>cpu.rcx;
  if (leaf >= 0x80000000 && leaf <= MAX_EXTENDED) {
    extended(cpu, leaf);
    return;
  }
  if (leaf >= 0x40000000 && leaf <= MAX_HYPERVISOR) {
    hypervisor(cpu, leaf);
    return;
  }
  // Beyond the last leaf comes the data of the last one.
  switch (leaf > MAX_BASIC ? MAX_BASIC : leaf) {
    case 0:
      set(cpu, MAX_BASIC, 0x756e6547, 0x6c65746e, 0x49656e69); // GenuineIntel: EBX Genu, EDX ineI, ECX ntel
      break;
    case 1:
      features(cpu);
      break;
    case 2:
      set(cpu, 1, 0, 0, 0x002c307d); // L1D 32K, L1I 32K, L2 2M
      break;
    case 4:
      caches(cpu, index);
      break;
    case 6:
      set(cpu, 4, 0, 0, 0); // ARAT
      break;
    case 7:
      if (index == 0) set(cpu, 0, FEATURES7_EBX, 0, FEATURES7_EDX);
      else set(cpu, 0, 0, 0, 0);
      break;
    case 0xd:
      extendedState(cpu, index);
      break;
    case 0x15:
      set(cpu, 1, 1, TSC_HZ, 0); // TSC = crystal; the APIC timer counts the crystal
      break;
    case 0x16:
      set(cpu, TSC_HZ / 1_000_000, TSC_HZ / 1_000_000, TSC_HZ / 1_000_000, 0);
      break;
    default:
      set(cpu, 0, 0, 0, 0);
  }
}
