// Task switches as instructions make them: JMP, CALL and IRET. SDM vol. 3A 7.3.
import { Segment } from "../../cpu/state";
import { Exec } from "../../interp/exec";
import { deliverException } from "./deliver";
import { faulted } from "./segments";
import { SwitchReason, switchTask } from "./taskSwitch";

/** Switches; a fault of the new task is delivered here, as the run loop would blame the old one's instruction. */
export function completeSwitch(cpu: Exec, tss: Segment, reason: SwitchReason, returnIp: u64): void {
  if (!switchTask(cpu, tss, reason, returnIp, 0)) return;
  if (faulted(cpu)) deliverException(cpu);
  cpu.leaveTo(cpu.rip);
}
