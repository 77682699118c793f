/**
 * What Vigil is compared with: a program in a process of its own that gets a JSON list of paths a line, works on them, and
 * answers each with a line that says what that took.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { z } from "zod";

const Cost = z.object({ seconds: z.number(), cpu_seconds: z.number().nullable() });
export type Cost = z.infer<typeof Cost>;

export class Rival {
  readonly #process: ChildProcess;
  readonly #answers: Interface;

  constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#process = child;
    this.#answers = createInterface({ input: child.stdout });
  }

  async work(paths: readonly string[]): Promise<Cost> {
    const answer = once(this.#answers, "line", { signal: AbortSignal.timeout(120_000) });
    this.#process.stdin?.write(`${JSON.stringify(paths)}\n`);
    const [line] = await answer;
    return Cost.parse(JSON.parse(String(line)));
  }

  async close(): Promise<void> {
    this.#process.stdin?.end();
    if (this.#process.exitCode === null) await once(this.#process, "exit");
  }
}

/** A Python that has Pillow; null where there is none. A version manager's own often hides the system's. */
export function pythonWithPillow(): string | null {
  const has = (python: string) => spawnSync(python, ["-c", "import PIL.ImageDraw"]).status === 0;
  return ["python3", "/usr/bin/python3"].find(has) ?? null;
}
