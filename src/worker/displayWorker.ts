/** Entry of a VM's display worker. */
import type { DisplayAnswer, DisplayRequest } from "./displayProtocol.ts";
import { DisplayService } from "./displayService.ts";

const service = new DisplayService((answer: DisplayAnswer) => self.postMessage(answer));

self.addEventListener("message", (event: MessageEvent<DisplayRequest>) => service.handle(event.data));
