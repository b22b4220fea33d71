/** Entry of index.html. */
import { TabvisorApp } from "./app.ts";
import { publishApi } from "./pageApi.ts";

const app = document.querySelector("tabvisor-app");
if (app instanceof TabvisorApp) publishApi(() => app.manager.machines);
