// `npm start`: from a bare clone to the page's URL. Installs node modules, builds the engine, the command line and the default guest,
// and serves the page, whose menu has other guests built when they are wanted. What is there already is found by its content, so a second start takes a moment.
import { parseArgs } from "node:util";
import { buildCli, buildEngine } from "./build.mjs";
import { checkNode, importTypeScript, installNodeModules } from "./setup.mjs";

const HELP = `Usage: npm start -- [--port PORT] [--host ADDRESS]

Builds what is missing and serves the page.

  --port PORT     TCP port (5173; the next free one if it is taken)
  --host ADDRESS  where to listen (127.0.0.1); elsewhere browsers give shared memory to HTTPS pages only
`;

checkNode();
try {
  await start(readOptions());
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

function readOptions() {
  const options = { port: { type: "string" }, host: { type: "string" }, help: { type: "boolean", short: "h" } };
  const { values } = parse(options);
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65535))
    fail(`--port ${values.port} is no TCP port`);
  return { port, host: values.host };
}

function parse(options) {
  try {
    return parseArgs({ options });
  } catch (error) {
    return fail(`${error.message.split(". ", 1)[0]}\n\n${HELP}`);
  }
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

async function start({ port, host }) {
  installNodeModules();
  await buildDefaultGuest();
  await buildEngine();
  await buildCli();
  const { serve } = await importTypeScript("tools/serve.ts");
  const { url } = await serve({ ...(port !== undefined && { port }), ...(host !== undefined && { host }) });
  console.log(`\nTabvisor is at ${url}\nCtrl-C ends it. The command line is there too: npx tabvisor run --help\n`);
}

/** The page is of no use without it. */
async function buildDefaultGuest() {
  const { DEFAULT_GUEST } = await importTypeScript("images/guests.ts");
  const { buildImages } = await importTypeScript("images/build.ts");
  const onProgress = ({ recipe, message }) => console.error(`${recipe}: ${message}`);
  const { failed } = await buildImages([DEFAULT_GUEST], { onProgress });
  if (failed.length > 0) throw new Error(`The default guest cannot be built: ${failed[0].error.message}`);
}
