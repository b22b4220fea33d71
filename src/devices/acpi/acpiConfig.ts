/** What the ACPI tables tell of the board. */
export interface AcpiConfig {
  cpuCount?: number;
  localApicBase: number;
  ioApicBase: number;
  /** PM1a_EVT, PM1a_CNT and PM_TMR are at +0, +4, +8. */
  pmBase: number;
  gpe0Base: number;
  smiCommandPort: number;
  /** Values for the SMI command port. */
  acpiEnable: number;
  acpiDisable: number;
  /** The SCI's GSI, level, active high (9). */
  sciIrq: number;
  /** Without it there is no HPET. */
  hpetBase?: number | undefined;
  /** HPET_BLOCK_ID of the device. */
  hpetBlockId?: number;
  /** Start of the PCI memory window below 4 GiB: the end of low RAM. */
  pciHoleBase: number;
  /** PCI memory window above 4 GiB. */
  pciHole64?: { base: number; last: number };
  serialPorts?: readonly { base: number; irq: number }[];
  parallelPorts?: readonly { base: number; irq: number }[];
  /** Port of pvpanic; without it there is none. */
  pvpanicPort?: number;
  floppy?: boolean;
  /** The PM timer has 32 bits. */
  pmTimer32?: boolean;
}
