// Calls of the guest as calls of the host. A region that calls a function of another region waits on the host's stack while this
// runs what follows, and is gone back into when that comes to the return site. So returns are predicted by the host's processor, and
// need neither the jump cache nor a place of the table. All that is not plain transfer ends the wait: the exit code goes
// down the stack to the run loop (interp/run.ts), as if nothing had been nested; for every region has stored all it has, and IP
// says where the guest is.
import { Vcpu, vcpu } from "../cpu/state";
import { noteTarget } from "./targets";
import { Entry, LinkSlot, linkedEntry } from "./translations";
import { ExitCode } from "../shared/jit";
import { codeBase, codeLinear } from "../interp/blockBuilder";
import { Block, findInJumpCache } from "../interp/blocks";

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
    const entry = nextEntry(cpu, exit);
    if (!entry) break;
    exit = call_indirect<u32>(changetype<Block>(<usize>entry).code, changetype<Block>(<usize>entry).heat);
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

/** The translated entry that a region leads to, if it may be entered at once; else 0. */
// @ts-ignore: decorator
@inline
function nextEntry(cpu: Vcpu, exit: u32): u32 {
  let address: u32;
  if (exit > <u32>ExitCode.RETURN) address = linkedEntry(cpu, changetype<LinkSlot>(<usize>exit));
  else {
    if (exit == ExitCode.INTERPRET || exit == ExitCode.FUEL || cpu.attention) return 0;
    address = findInJumpCache(cpu, codeLinear(cpu));
    if (exit == ExitCode.INDIRECT) noteTarget(cpu.exitFrom, cpu.rip);
  }
  const isEntry = address != 0 && changetype<Block>(<usize>address).code != 0;
  return isEntry && mayEnter(cpu, changetype<Entry>(<usize>address)) ? address : 0;
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
