// Where the functions that translated code calls are in the engine's own table. The host makes a table of just these, by their
// numbers, and translated modules import that: V8 compiles a wrapper for each signature among the functions that a module
// imports, for each module anew and before it knows that none is needed (docs/adr/0003).
import { jitCall } from "./nestedCalls";
import { Helper } from "./helperNumber";
import { jitCarry, jitCold, jitCondition, jitDivide, jitEflags, jitProbe, jitSegment } from "./helpers";
import {
  jitFloat32,
  jitFloat64,
  jitFromInteger32,
  jitFromInteger64,
  jitNarrow,
  jitToInteger,
  jitVector,
  jitWiden,
} from "./sseHelpers";
import { jitLoadSegment, jitTime } from "./systemHelpers";
import {
  jitX87Add,
  jitX87Compare,
  jitX87Div,
  jitX87Double,
  jitX87Integer,
  jitX87Mul,
  jitX87Order,
  jitX87Round,
  jitX87Single,
  jitX87Sqrt,
  jitX87Sub,
  jitX87Widen,
} from "./x87Helpers";

/** Index of a helper in the exported table. */
export function helperPlace(helper: u32): u32 {
  switch (helper) {
    case Helper.PROBE:
      return jitProbe.index;
    case Helper.COLD:
      return jitCold.index;
    case Helper.CONDITION:
      return jitCondition.index;
    case Helper.CARRY:
      return jitCarry.index;
    case Helper.EFLAGS:
      return jitEflags.index;
    case Helper.SEGMENT:
      return jitSegment.index;
    case Helper.DIVIDE:
      return jitDivide.index;
    case Helper.FLOAT64:
      return jitFloat64.index;
    case Helper.FLOAT32:
      return jitFloat32.index;
    case Helper.VECTOR:
      return jitVector.index;
    case Helper.NARROW:
      return jitNarrow.index;
    case Helper.WIDEN:
      return jitWiden.index;
    case Helper.FROM_INTEGER64:
      return jitFromInteger64.index;
    case Helper.FROM_INTEGER32:
      return jitFromInteger32.index;
    case Helper.TO_INTEGER:
      return jitToInteger.index;
    case Helper.X87_ADD:
      return jitX87Add.index;
    case Helper.X87_SUB:
      return jitX87Sub.index;
    case Helper.X87_MUL:
      return jitX87Mul.index;
    case Helper.X87_DIV:
      return jitX87Div.index;
    case Helper.X87_SQRT:
      return jitX87Sqrt.index;
    case Helper.X87_ROUND:
      return jitX87Round.index;
    case Helper.X87_WIDEN:
      return jitX87Widen.index;
    case Helper.X87_DOUBLE:
      return jitX87Double.index;
    case Helper.X87_SINGLE:
      return jitX87Single.index;
    case Helper.X87_INTEGER:
      return jitX87Integer.index;
    case Helper.X87_COMPARE:
      return jitX87Compare.index;
    case Helper.X87_ORDER:
      return jitX87Order.index;
    case Helper.LOAD_SEGMENT:
      return jitLoadSegment.index;
    case Helper.CALL:
      return jitCall.index;
    default:
      return jitTime.index;
  }
}
