/**
 * What travels over the APIC bus: interrupt messages from the IOAPIC, from PCI MSI and between local APICs.
 * Document: Intel SDM vol. 3A 11.6.1 (ICR), 11.11 (message signalled interrupts).
 */

/** Delivery modes as encoded in the ICR, the LVTs, the IOAPIC's redirection table and MSI data. */
export const DeliveryMode = {
  Fixed: 0,
  LowestPriority: 1,
  Smi: 2,
  Nmi: 4,
  Init: 5,
  Startup: 6,
  ExtInt: 7,
} as const;

export interface ApicMessage {
  vector: number;
  deliveryMode: number;
  /** 8-bit xAPIC destination. */
  destination: number;
  /** Destination is matched against LDR/DFR rather than the APIC ID. */
  logical: boolean;
  /** Level triggered: the EOI is broadcast to the IOAPICs. */
  level: boolean;
}

/** Where messages go: one local APIC, or something that fans out to several. False when nobody took it. */
export interface ApicBus {
  deliver(message: ApicMessage): boolean;
}

/** Decodes a PCI message-signalled interrupt: a dword `data` written to `address` (FEExxxxxh). */
export function messageOfMsi(address: number, data: number): ApicMessage {
  return {
    vector: data & 0xff,
    deliveryMode: (data >>> 8) & 7,
    destination: (address >>> 12) & 0xff,
    logical: (address & 4) !== 0,
    level: (data & 0x8000) !== 0,
  };
}
