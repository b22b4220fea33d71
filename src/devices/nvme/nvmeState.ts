/** The shape of a controller's saved state. */
import { type Checked, list, object, SavedStateError, u8, u16, u32, uint } from "../../bus/savedState.ts";
import { FEATURES_SHAPE } from "./nvmeFeatures.ts";
import { COMPLETION_QUEUE_SHAPE, SUBMISSION_QUEUE_SHAPE } from "./nvmeQueues.ts";
import { MAX_QUEUE_ENTRIES, SQ_ENTRY_BYTES } from "./nvmeRegisters.ts";

const COMMANDS = list(object({ sqId: u16, bytes: list(u8, SQ_ENTRY_BYTES) }));
const SHAPE = object({
  cc: u32,
  csts: u32,
  aqa: u32,
  adminBases: list(u32, 4),
  interruptMask: u32,
  features: FEATURES_SHAPE,
  counters: object({ reads: uint, writes: uint, blocksRead: uint, blocksWritten: uint }),
  submission: list(SUBMISSION_QUEUE_SHAPE),
  completion: list(COMPLETION_QUEUE_SHAPE),
  commands: COMMANDS,
  eventRequests: COMMANDS,
  events: list(u16),
  deletions: COMMANDS,
});
export type ControllerState = Checked<typeof SHAPE>;

/** Admin queues may be as large as AQA can say. */
const MAX_ADMIN_ENTRIES = 4096;

export function parseControllerState(saved: unknown, name: string): ControllerState {
  const state = SHAPE(saved, name);
  const isGood = ({ id, size }: { id: number; size: number }) =>
    size >= 2 && size <= (id === 0 ? MAX_ADMIN_ENTRIES : MAX_QUEUE_ENTRIES);
  if (![...state.submission, ...state.completion].every(isGood)) throw new SavedStateError(`${name}: a queue's size`);
  return state;
}
