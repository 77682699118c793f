/** `npm start`: Vigil in a Node-RED of its own, with an MQTT broker and a simulated camera, to look at and try out. */
import { createServer } from "node:http";
import { resolve } from "node:path";
import RED from "node-red";
import { asError, ConfigError, VigilError } from "../lib/resilience/errors.ts";
import { startBroker } from "./broker.ts";
import { runDemoCamera } from "./demo-camera.ts";
import { type Environment, readEnvironment, writeEnvironment } from "./environment.ts";
import { listen } from "./listen.ts";
import { nodeRedSettings } from "./settings.ts";
import { prepareUserDir } from "./user-dir.ts";
import { whereToLook } from "./where-to-look.ts";

const USER_DIR = resolve("data/node-red");

/** npm hands the terminal's Ctrl-C on, so that one key press can arrive twice. */
const SAME_KEY_MS = 500;
const PARENT_CHECK_MS = 500;

try {
  await start(readEnvironment(process.env));
} catch (error) {
  if (!(error instanceof VigilError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

async function start(given: Environment): Promise<void> {
  let started = false;
  const editor = createServer((request, response) => {
    if (started) RED.httpAdmin(request, response);
    else response.writeHead(503, { "retry-after": "1" }).end("Vigil is starting\n");
  });
  // Before anything else: a second start must not get as far as the first one's files.
  const port = await openPort(editor, given);

  const broker = given.VIGIL_MQTT_URL === "" ? await startBroker() : null;
  const environment: Environment = {
    ...given,
    PORT: port,
    ...(broker && { VIGIL_MQTT_URL: `mqtt://${broker.host}:${broker.port}` }),
  };
  writeEnvironment(environment);

  const { flowCopied } = prepareUserDir(USER_DIR);
  RED.init(editor, nodeRedSettings({ port, host: environment.VIGIL_HOST, userDir: USER_DIR }));
  // What `http in` nodes serve, below the same root as the editor.
  RED.httpAdmin.use(RED.httpNode);
  const settled = flowsSettled();
  await RED.start();
  started = true;
  await settled;

  const stopCamera = new AbortController();
  const camera =
    environment.VIGIL_DEMO_CAMERA === "on"
      ? runDemoCamera({ camerasDir: environment.VIGIL_CAMERAS_DIR, logger: RED.log, signal: stopCamera.signal })
      : Promise.resolve();
  stopOnSignal(async () => {
    stopCamera.abort();
    await camera;
    await RED.stop();
    await broker?.close();
  });
  process.stdout.write(whereToLook({ environment, broker, userDir: USER_DIR, flowCopied }));
}

async function openPort(editor: ReturnType<typeof createServer>, { PORT, VIGIL_HOST }: Environment): Promise<number> {
  try {
    return await listen(editor, PORT, VIGIL_HOST);
  } catch (cause) {
    const error = asError(cause);
    if ("code" in error && error.code === "EADDRINUSE") {
      const message = `PORT is ${PORT}: another program uses that port; end it, or choose another, such as PORT=1881`;
      throw new ConfigError("PORT_IN_USE", message, { cause });
    }
    const message = `PORT is ${PORT} and VIGIL_HOST is "${VIGIL_HOST}": the editor cannot listen there (${error.message}); take an address of this machine, such as 127.0.0.1, and a port above 1023`;
    throw new ConfigError("CANNOT_LISTEN", message, { cause });
  }
}

/** Resolves when the flows run, or when Node-RED has said why they cannot. */
function flowsSettled(): Promise<void> {
  return new Promise((resolve) => {
    RED.events.once("flows:started", () => resolve());
    RED.events.on("runtime-event", ({ payload }: { payload?: { error?: unknown } }) => {
      if (payload?.error !== undefined) resolve();
    });
  });
}

function stopOnSignal(stop: () => Promise<void>): void {
  let firstAt: number | null = null;
  const onSignal = () => {
    if (firstAt !== null) {
      if (Date.now() - firstAt > SAME_KEY_MS) process.exit(130);
      return;
    }
    firstAt = Date.now();
    process.stdout.write("\nStopping; Ctrl-C again ends it at once.\n");
    void stop().then(
      () => process.exit(0),
      (error) => {
        process.stderr.write(`${asError(error).stack}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onSignal);
  if (process.env.npm_lifecycle_event !== undefined) onceOrphaned(onSignal);
}

/** A SIGTERM to npm ends the shell between npm and us, which does not hand it on: all we see is another parent. */
function onceOrphaned(listener: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    listener();
  }, PARENT_CHECK_MS).unref();
}
