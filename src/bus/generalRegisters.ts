/** General registers by their number in encodings (Intel SDM vol. 2, 2.1.5), as far as a device is interested. */
export const GeneralRegister = { EAX: 0, ECX: 1, EDX: 2, EBX: 3, ESI: 6, EDI: 7 } as const;
export type GeneralRegister = (typeof GeneralRegister)[keyof typeof GeneralRegister];

/**
 * The registers of the vCPU that executes the IN or OUT which a device is serving. For hypervisor ports alone, whose commands take
 * and give more than a port access carries; of no meaning outside of a port handler.
 */
export interface GeneralRegisters {
  /** The low 32 bits. */
  get(register: GeneralRegister): number;
  /** Sets the low 32 bits and clears the rest. EAX is the port's own: what its handler returns overwrites it. */
  set(register: GeneralRegister, value: number): void;
}
