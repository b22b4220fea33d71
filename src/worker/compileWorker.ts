/** Entry of a VM's compile worker. */
import { answerCompileRequests, type CompileRequest } from "../vm/remoteCompiler.ts";

const answer = answerCompileRequests();

self.addEventListener("message", (event: MessageEvent<CompileRequest>) => self.postMessage(answer(event.data)));
