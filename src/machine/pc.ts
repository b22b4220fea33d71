/** All numbers of the board: an i440FX/PIIX3 PC with one CPU. */

/** ISA interrupts. */
export const IRQ_COM2 = 3;
export const IRQ_COM1 = 4;
export const IRQ_KEYBOARD = 1;
export const IRQ_PIT = 0;
export const IRQ_FLOPPY = 6;
export const IRQ_LPT1 = 7;
export const IRQ_RTC = 8;
export const IRQ_SCI = 9;
export const IRQ_MOUSE = 12;
export const IRQ_FPU = 13;
export const IRQ_IDE_PRIMARY = 14;
export const IRQ_IDE_SECONDARY = 15;

/** I/O ports. */
export const PORT_COM1 = 0x3f8;
export const PORT_COM2 = 0x2f8;
export const PORT_LPT1 = 0x378;

/** PCI slots on bus 0. */
export const SLOT_HOST_BRIDGE = 0;
export const SLOT_ISA_BRIDGE = 1;
export const FUNCTION_IDE = 1;
export const FUNCTION_PM = 3;
export const SLOT_VGA = 2;
/** Disks on virtio, NVMe and the like, in the order in which they are given. */
export const SLOT_FIRST_DRIVE = 4;
export const SLOT_LAST_DRIVE = 28;
export const SLOT_CONSOLE = 29;
export const SLOT_RNG = 30;

/** Writes of bus masters to these addresses are interrupt messages (Intel SDM vol. 3A 11.11.1). */
export const MSI_WINDOW = 0xfee0_0000;
export const MSI_WINDOW_BYTES = 0x10_0000;

/** The firmware ROM ends at 4 GiB; its last 128 KiB show below 1 MiB too until the guest shadows them. */
export const ROM_TOP = 0x1_0000_0000;
export const ROM_WINDOW_BYTES = 0x2_0000;
export const OPTION_ROM_BASE = 0xc_0000;
export const LOW_ROM_END = 0x10_0000;

/** Frequency of the TSC: it counts nanoseconds of guest time. */
export const TSC_HZ = 1_000_000_000;
/** Frequency of the local APIC's timer before its divider. */
export const APIC_BUS_HZ = 1_000_000_000;
