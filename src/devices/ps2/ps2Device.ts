/** One end of a PS/2 cable: what the 8042 sees of a keyboard or mouse. */
export interface Ps2Device {
  /** Tells the controller that a byte has become available. */
  onOutput: (() => void) | undefined;
  readonly hasOutput: boolean;
  /** Takes the next byte for the controller; only when {@link hasOutput}. */
  takeOutput(): number;
  /** A byte from the controller: a command or its parameter. */
  receive(byte: number): void;
}

/** A guest that sends commands and reads no replies gets no more than these. */
export const MOST_REPLIES = 16;

/** Replies common to keyboard and mouse. */
export const ACK = 0xfa;
export const RESEND = 0xfe;
export const SELF_TEST_PASSED = 0xaa;
