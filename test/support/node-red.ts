/** Node-RED as a user starts it: its own program in a child process, on a free port of 127.0.0.1. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { eventually } from "./eventually.ts";

/** The versions under test, as package.json names them. */
export type NodeRedPackage = "node-red-4" | "node-red";

/** A program and what stands before its own arguments. */
export type Command = readonly [string, ...string[]];

export interface NodeRed {
  /** Of the editor, with `/` at its end. */
  readonly url: string;
  /** Asks the admin API, as an editor in a language does; throws on any answer but a success. */
  get(path: string, accept: "application/json" | "text/html", language?: string): Promise<Response>;
  /** Deploys all flows anew; resolves when Node-RED says that they run. */
  deploy(flows: unknown): Promise<void>;
  /** What it has logged so far. */
  log(): string;
  /** Ends it as Ctrl-C does; throws unless it then ends by itself and well. */
  stop(): Promise<void>;
  /** As a crash does. */
  kill(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
/** What it logs in the languages that tests start it in. */
const STARTED = /Started flows|Flows sind gestartet/g;

const require = createRequire(import.meta.url);

/** Resolves when Node-RED listens and its flows run. `node`: what runs it, instead of the Node that runs the tests. */
export async function startNodeRed(
  version: NodeRedPackage,
  userDir: string,
  settings: Readonly<Record<string, string>> = {},
  node: Command = [process.execPath],
): Promise<NodeRed> {
  const program = require.resolve(`${version}/red.js`);
  const defined = Object.entries({ uiHost: "127.0.0.1", ...settings }).flatMap(([key, value]) => [
    "-D",
    `${key}=${value}`,
  ]);
  const [command, ...args] = node;
  const child = spawn(command, [...args, program, "--userDir", userDir, "--port", "0", ...defined], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const listening = () => {
    if (ended()) throw new Error(`Node-RED ended at its start:\n${log}`);
    return log.match(/http:\/\/127\.0\.0\.1:\d+\/\S*/)?.[0];
  };
  const starts = () => log.match(STARTED)?.length ?? 0;
  const started = (times: number) => eventually(() => starts() >= times, "started flows", START_TIMEOUT_MS);
  const ready = async () => {
    const address = await eventually(listening, "Node-RED's address", START_TIMEOUT_MS);
    await started(1);
    return address;
  };
  const url = await ready().catch((error) => {
    killWithUs();
    throw error;
  });
  const ask = async (path: string, request: RequestInit) => {
    const response = await fetch(url + path, request);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  return {
    url,
    get: (path, accept, language = "en-US") => ask(path, { headers: { accept, "accept-language": language } }),
    deploy: async (flows) => {
      const before = starts();
      await ask("flows", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(flows),
      });
      // It answers before they run.
      await started(before + 1);
    },
    log: () => log,
    stop: async () => {
      if (!ended()) {
        child.kill("SIGTERM");
        const lastResort = setTimeout(killWithUs, STOP_TIMEOUT_MS);
        await once(child, "close");
        clearTimeout(lastResort);
      }
      process.removeListener("exit", killWithUs);
      if (child.exitCode !== 0) throw new Error(`Node-RED ended with ${child.exitCode ?? child.signalCode}:\n${log}`);
    },
    kill: async () => {
      process.removeListener("exit", killWithUs);
      if (ended()) return;
      killWithUs();
      await once(child, "close");
    },
  };
}
