// Calls of the guest as calls of the host. A region that calls a function of another region waits on the host's stack while this
// runs what follows, and is gone back into when that comes to the return site. So returns are predicted by the host's processor, and
// need neither the jump cache nor a place of the table. All that is not plain transfer ends the wait: the exit code goes
// down the stack to the run loop (interp/run.ts), as if nothing had been nested; for every region has stored all it has, and IP
// says where the guest is.
import { Vcpu, vcpu } from "../cpu/state";
import { noteTarget } from "./targets";
import { Entry, LinkSlot, linkedEntry } from "./translations";
import { ExitCode } from "../shared/jit";
import { codeBase, codeLinear } from "../cpu/codeAddress";
import { enter, followJump, jumpOf } from "../interp/blocks";

/** Regions that wait at most, of V8's stack of about 1 MB: in its baseline code a frame has 8 or 16 bytes for each local (callOut.ts). */
const MAX_DEPTH: u32 = 48;

/**
 * Runs on from a call, whose way out of the region is `exit`, to the return site, the entry `site`. RETURNED: it is there, and the
 * entry may be entered. Else the exit code to leave with.
 */
export function jitCall(exit: u32, site: u32): u32 {
  const cpu = vcpu();
  if (cpu.callDepth >= MAX_DEPTH) return exit;
  const back = changetype<Entry>(<usize>site);
  const epoch = cpu.mappingEpoch;
  cpu.callDepth++;
  while (true) {
    const callee = nextCallee(cpu, exit);
    if (!callee) break;
    exit = enter(callee);
    if (exit != ExitCode.RETURN || cpu.rip != back.ip || cpu.attention) continue;
    if (cpu.mappingEpoch == epoch && isHere(cpu, back) && mayEnter(cpu, back)) exit = ExitCode.RETURNED;
    break;
  }
  cpu.callDepth--;
  return exit;
}

/** Whether what is at IP is `entry`, the mapping of its code being the same. An entry whose code was written to has a mode of its own. */
// @ts-ignore: decorator
@inline
function isHere(cpu: Vcpu, entry: Entry): bool {
  return entry.mode == cpu.mode && entry.csBase == codeBase(cpu);
}

/** Block.callee of the translated entry that a region leads to, if it may be entered at once; else 0. */
// @ts-ignore: decorator
@inline
function nextCallee(cpu: Vcpu, exit: u32): u32 {
  let address: u32;
  let callee: u32;
  if (exit > <u32>ExitCode.RETURN) {
    const slot = changetype<LinkSlot>(<usize>exit);
    address = linkedEntry(cpu, slot);
    callee = slot.callee;
  } else {
    if (exit == ExitCode.INTERPRET || exit == ExitCode.FUEL || cpu.attention) return 0;
    const linear = codeLinear(cpu);
    const jump = jumpOf(linear);
    address = followJump(cpu, jump, linear);
    callee = jump.callee;
    if (exit == ExitCode.INDIRECT) noteTarget(cpu.exitFrom, cpu.rip);
  }
  return address && callee && mayEnter(cpu, changetype<Entry>(<usize>address)) ? callee : 0;
}

/** Whether there is fuel for the entry; and the last of its runs is the run loop's, which makes the region wider. */
// @ts-ignore: decorator
@inline
function mayEnter(cpu: Vcpu, entry: Entry): bool {
  const runs = entry.runs;
  if (cpu.jitLeft < entry.count || runs == 1) return false;
  entry.runs = runs - 1;
  cpu.statChained++;
  return true;
}
