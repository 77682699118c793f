/** The pipeline to be measured: `vigil-process.ts` in a process of its own, and a folder that cameras upload to. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";

/** Pictures that `detect` looks at at once, and those that whatever Vigil is compared with works on at once. */
export const CONCURRENCY = 4;

/** How far pictures have come: out of `detect`, or into `batch-window`. */
export type Milestone = "detected" | "batched";

/** What the process is told. */
export type Order =
  | { readonly kind: "await"; readonly what: Milestone; readonly count: number }
  | { readonly kind: "measure" }
  | { readonly kind: "stop" };

export interface Cost {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** JavaScript's objects and buffers. */
  readonly heldBytes: number;
}

/** What it says. */
export type Report = { readonly kind: "started" | "awaiting" | "passed" } | ({ readonly kind: "measured" } & Cost);

export interface VigilOptions {
  /** An empty folder for all that it needs. */
  readonly folder: string;
  readonly detectorUrl: string;
  /** Whether `measure` collects garbage first. */
  readonly collect?: boolean;
}

export class Vigil {
  readonly #process: ChildProcess;
  readonly #cameras: string;
  #moved = 0;

  private constructor(child: ChildProcess, cameras: string) {
    this.#process = child;
    this.#cameras = cameras;
  }

  /** Resolves when its flow runs. */
  static async start({ folder, detectorUrl, collect = false }: VigilOptions): Promise<Vigil> {
    const child = fork(join(import.meta.dirname, "vigil-process.ts"), [folder, detectorUrl, `${CONCURRENCY}`], {
      execArgv: collect ? ["--expose-gc"] : [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const vigil = new Vigil(child, join(folder, "cameras"));
    await vigil.#report("started");
    return vigil;
  }

  /** The folder that a camera uploads to. */
  cameraFolder(camera: string): string {
    const folder = join(this.#cameras, camera, "snap");
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Expects so many more pictures; `passed` of the answer resolves when the last has come so far. */
  async expect(count: number, what: Milestone): Promise<{ passed: Promise<void> }> {
    this.#order({ kind: "await", what, count });
    await this.#report("awaiting");
    return { passed: this.#report("passed").then(() => {}) };
  }

  /** Moves whole files of the same file system into the cameras' folders, and waits until all have been through it. */
  async put(paths: readonly string[], cameras: readonly string[]): Promise<void> {
    const { passed } = await this.expect(paths.length, "batched");
    for (const path of paths) {
      const camera = cameras[this.#moved % cameras.length] ?? "camera";
      this.#moved += 1;
      renameSync(path, join(this.cameraFolder(camera), basename(path)));
    }
    await passed;
  }

  /** What it has cost so far. */
  async measure(): Promise<Cost> {
    this.#order({ kind: "measure" });
    const report = await this.#report("measured");
    if (report.kind !== "measured") throw new Error("not measured");
    return report;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#order({ kind: "stop" });
    await once(this.#process, "exit");
  }

  #order(order: Order): void {
    this.#process.send(order);
  }

  async #report(kind: Report["kind"]): Promise<Report> {
    const { promise, resolve, reject } = Promise.withResolvers<Report>();
    const onMessage = (report: Report) => {
      if (report.kind === kind) resolve(report);
    };
    const onExit = (code: number | null) => reject(new Error(`Vigil's process ended with ${code}`));
    this.#process.on("message", onMessage).once("exit", onExit);
    return promise.finally(() => this.#process.off("message", onMessage).off("exit", onExit));
  }
}
