/** A real llama-server for tests, with a model of our own making. */
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { z } from "zod";
import { eventually } from "../../support/eventually.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { provideLlamaServer } from "./provision.ts";
import { tinyEye } from "./tiny-eye.ts";
import { type Manner, QUICK, tinyModel } from "./tiny-model.ts";

export interface LlamaServerOptions {
  /** A free one where none is given. */
  readonly port?: number;
  readonly manner?: Manner;
  /** What the server calls its model. */
  readonly model?: string;
  /** Whether it takes pictures; only with the quick model. */
  readonly sees?: boolean;
  /** Requests that it works on at once. */
  readonly slots?: number;
}

type Child = ChildProcessByStdio<null, null, Readable>;

/** Tokens that each slot's context holds. Each letter is one to our model, so that a prompt has thousands. */
export const CONTEXT_SIZE = 16_384;
export const SLOTS = 2;
const START_MS = 60_000;
const Slots = z.array(z.object({ is_processing: z.boolean() }));

export class LlamaServer {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly #child: Child;

  private constructor(url: string, child: Child) {
    this.url = url;
    this.#child = child;
  }

  /** Resolves when the server has loaded its model. */
  static async start(options: LlamaServerOptions = {}): Promise<LlamaServer> {
    const { port = 0, manner = QUICK, model = "tiny", sees = false, slots = SLOTS } = options;
    const folder = tempFolder();
    const file = join(folder, "model.gguf");
    writeFileSync(file, tinyModel(manner));
    const eye = join(folder, "mmproj.gguf");
    if (sees) writeFileSync(eye, tinyEye());
    const child = await launch({ file, port, model, slots }, sees ? { "--mmproj": eye } : {});
    return new LlamaServer(await addressOf(child), child);
  }

  /** Resolves when the server answers, and does not get to the end of loading: its model is a pipe that nobody fills. */
  static async startLoading(port: number): Promise<LlamaServer> {
    const file = join(tempFolder(), "model.gguf");
    execFileSync("mkfifo", [file]);
    const server = new LlamaServer(
      `http://127.0.0.1:${port}`,
      await launch({ file, port, model: "tiny", slots: SLOTS }),
    );
    await eventually(() => server.health().catch(() => undefined), "an answer of the server", START_MS);
    return server;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The status of `/health`. */
  async health(): Promise<number> {
    return (await fetch(`${this.url}/health`)).status;
  }

  /** How many slots are at work. */
  async busySlots(): Promise<number> {
    const reply = await fetch(`${this.url}/slots`);
    return Slots.parse(await reply.json()).filter(({ is_processing }) => is_processing).length;
  }

  /** As a crash does. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}

interface Launch extends Required<Pick<LlamaServerOptions, "port" | "model" | "slots">> {
  /** Of the model. */
  readonly file: string;
}

async function launch(
  { file, port, model, slots }: Launch,
  more: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const { command, args, cwd } = await provideLlamaServer();
  const own = {
    "--model": file,
    "--alias": model,
    "--host": "127.0.0.1",
    "--port": port,
    "--ctx-size": CONTEXT_SIZE * slots,
    "--parallel": slots,
    // More of them wait for each other by spinning: where other programs have the cores, ten times as long.
    "--threads": 1,
    ...more,
  };
  const child = spawn(command, [...args, ...Object.entries(own).flatMap(([name, value]) => [name, String(value)])], {
    cwd,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const killWithUs = () => child.kill("SIGKILL");
  process.once("exit", killWithUs);
  child.once("exit", () => process.off("exit", killWithUs));
  return child;
}

/** Where the server listens, as it says when it has loaded its model. */
async function addressOf(child: Child): Promise<string> {
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  const log: string[] = [];
  const lines = createInterface(child.stderr);
  try {
    for await (const line of lines) {
      log.push(line);
      const [, address] = /listening on (http:\S+)/.exec(line) ?? [];
      if (address) return address;
    }
  } finally {
    clearTimeout(timer);
    // Its log must have somewhere to go.
    child.stderr.resume();
  }
  throw new Error(`llama-server did not start:\n${log.join("\n")}`);
}
