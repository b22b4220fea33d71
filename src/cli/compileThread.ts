/** Entry of the thread that compiles translated code; dist/compileThread.js, beside cli.js. */
import { parentPort } from "node:worker_threads";
import { answerCompileRequests, type CompileRequest } from "../vm/remoteCompiler.ts";

const answer = answerCompileRequests();

parentPort?.on("message", (request: CompileRequest) => parentPort?.postMessage(answer(request)));
