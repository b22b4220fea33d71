/** Entry of a VM's worker: one dedicated worker for each VM, so that no guest can slow or stop another. */
import { expose } from "comlink";
import { installErrorTransfer } from "./errors.ts";
import { VmService } from "./vmService.ts";

const service = new VmService();

self.addEventListener("error", (event) => service.reportFault(event.error ?? event.message));
self.addEventListener("unhandledrejection", (event) => service.reportFault(event.reason));

installErrorTransfer();
expose(service);
