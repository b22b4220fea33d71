/** The admin command set, as far as it is about the controller and not its queues. Document: NVM Express 1.4, chapter 5. */
import type { ScatterList } from "../../bus/scatterList.ts";
import { activeNamespaces, identifyController, identifyNamespace, logPage, namespaceDescriptors } from "./identify.ts";
import type { NvmeCommand } from "./nvmeCommand.ts";
import type { NvmeFeatures } from "./nvmeFeatures.ts";
import type { NvmeIo } from "./nvmeIo.ts";
import { Admin, ALL_NAMESPACES, NAMESPACE, NvmeStatus } from "./nvmeRegisters.ts";

export interface NvmeAdminOptions {
  serial: string;
  io: NvmeIo;
  features: NvmeFeatures;
  /** The command's data in guest memory; throws a PrpError. */
  resolve: (command: NvmeCommand, length: number) => ScatterList;
}

export interface Outcome {
  status: number;
  /** Dword 0 of the completion. */
  result?: number;
}

/** Values of CNS. */
const CNS_NAMESPACE = 0;
const CNS_CONTROLLER = 1;
const CNS_ACTIVE_NAMESPACES = 2;
const CNS_DESCRIPTORS = 3;
const NOT_ABORTED = 1;
const SAVE = 0x8000_0000;
const INVALID_FIELD: Outcome = { status: NvmeStatus.InvalidField };

export class NvmeAdmin {
  constructor(private readonly options: NvmeAdminOptions) {}

  /** Executes a command to its end; undefined for one that is not for here. Throws a PrpError. */
  execute(command: NvmeCommand): Outcome | undefined {
    switch (command.opcode) {
      case Admin.Identify:
        return this.identify(command);
      case Admin.GetLogPage:
        return this.getLogPage(command);
      case Admin.GetFeatures:
        return this.getFeatures(command);
      case Admin.SetFeatures:
        return this.setFeatures(command);
      case Admin.Abort:
        // Commands are over soon enough; none is ever found to abort.
        return { status: NvmeStatus.Success, result: NOT_ABORTED };
      default:
        return undefined;
    }
  }

  private identify(command: NvmeCommand): Outcome {
    const data = this.identifyData(command);
    if (typeof data === "number") return { status: data };
    this.options.resolve(command, data.length).write(0, data);
    return { status: NvmeStatus.Success };
  }

  private identifyData(command: NvmeCommand): Uint8Array | number {
    const { nsid } = command;
    const { io } = this.options;
    switch (command.cdw(10) & 0xff) {
      case CNS_CONTROLLER:
        return identifyController(this.options);
      case CNS_NAMESPACE:
        // With all ones: what namespaces have in common (5.15.2).
        if (nsid === ALL_NAMESPACES) return identifyNamespace({ blocks: 0, readOnly: false });
        return nsid === NAMESPACE ? identifyNamespace(io) : NvmeStatus.InvalidNamespace;
      case CNS_ACTIVE_NAMESPACES:
        return nsid >= ALL_NAMESPACES - 1 ? NvmeStatus.InvalidNamespace : activeNamespaces(nsid);
      case CNS_DESCRIPTORS:
        return nsid === NAMESPACE ? namespaceDescriptors(this.options) : NvmeStatus.InvalidNamespace;
      default:
        return NvmeStatus.InvalidField;
    }
  }

  /** The guest's length may go beyond the page: what there is of it is written. */
  private getLogPage(command: NvmeCommand): Outcome {
    const page = logPage(command.cdw(10) & 0xff, this.options.io.counters);
    if (page === undefined) return { status: NvmeStatus.InvalidLogPage };
    const dwords = (command.cdw(11) & 0xffff) * 0x1_0000 + (command.cdw(10) >>> 16) + 1;
    const offset = command.cdw(12);
    if (command.cdw(13) !== 0 || offset >= page.length || offset % 4 !== 0) return INVALID_FIELD;
    const part = page.subarray(offset, offset + dwords * 4);
    this.options.resolve(command, part.length).write(0, part);
    return { status: NvmeStatus.Success };
  }

  private getFeatures(command: NvmeCommand): Outcome {
    const result = this.options.features.get(command.cdw(10) & 0xff, (command.cdw(10) >>> 8) & 7);
    return result === undefined ? INVALID_FIELD : { status: NvmeStatus.Success, result };
  }

  private setFeatures(command: NvmeCommand): Outcome {
    if ((command.cdw(10) & SAVE) !== 0) return { status: NvmeStatus.FeatureNotSaveable };
    const result = this.options.features.set(command.cdw(10) & 0xff, command.cdw(11));
    return result === undefined ? INVALID_FIELD : { status: NvmeStatus.Success, result };
  }
}
