/**
 * Retention over a store of a million detections and a hundred thousand files: killed twice in the middle, then resumed.
 * What is left is compared with what an independent computation says. How long the event loop is held is told twice:
 * by the clock, beside an idle process, since others may use the machine; and by the processor time of one turn.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import Database from "better-sqlite3";
import { violations } from "../test/support/invariants.ts";
import { contents, dangling, expected, type Limits } from "../test/support/retention/expected.ts";
import { rulesOf } from "../test/support/retention/rules.ts";
import { openSite, runIn } from "../test/support/retention/running.ts";
import { makeTrial, type Trial } from "../test/support/retention/trial.ts";
import { type Benchmark, below, type Figure } from "./figure.ts";

const SIZE = { seed: 7, batches: 20_000, nothing: 8_000, detectionsEach: 25 };
const LIMITS: Limits = {
  all: { events: 30, detections: 20, pictures: 10, originals: 25 },
  yard: { events: 30, detections: 20, pictures: 5, originals: null },
};
const KILL_AFTER_MS = [3_000, 9_000];
const GOAL_MS = 20;
/** After opening the store. */
const SETTLE_MS = 500;

const PROCESS = join(import.meta.dirname, "../test/support/retention/process.ts");
const IDLE = join(import.meta.dirname, "idle-process.ts");

export const retention: Benchmark = {
  name: "retention",
  onlyByName: true,
  async run() {
    const folder = mkdtempSync(join(tmpdir(), "vigil-bench-"));
    try {
      return await measure(makeTrial(folder, SIZE));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(trial: Trial): Promise<Figure[]> {
  const before = contents(trial);
  const detections = countDetections(trial);
  const want = expected(trial, LIMITS);
  for (const ms of KILL_AFTER_MS) await runAndKill(trial, ms);
  const idle = fork(IDLE);
  const site = openSite(trial.dataDir);
  await sleep(SETTLE_MS);
  const turns = new Turns();
  const began = performance.now();
  const result = await runIn(site, rulesOf(LIMITS));
  const seconds = (performance.now() - began) / 1_000;
  const { byClock, byProcessor } = turns.end();
  await site.close();
  idle.send("end");
  const [idleMs] = await once(idle, "message");

  const wrong = isDeepStrictEqual(contents(trial), want) ? 0 : 1;
  const contradictions = violations(join(trial.dataDir, "vigil.db")).length + dangling(trial).length;
  const size = `${detections} detections, ${before.files.length} files; ${want.files.length} files and ${want.inspections.length} of ${before.inspections.length} inspections stay`;
  const killed = `killed after ${KILL_AFTER_MS.join(" and ")} ms, then resumed`;
  const busy = `an idle process beside it waited up to ${Number(idleMs).toFixed(0)} ms`;
  return [
    { name: "retention", value: seconds, unit: "s", goal: null, ok: null, detail: `${size}; ${killed}` },
    below(GOAL_MS, {
      name: "retention, longest turn of the event loop, processor time",
      value: byProcessor,
      unit: "ms",
      detail: busy,
    }),
    { name: "retention, longest turn by the clock", value: byClock, unit: "ms", goal: null, ok: null, detail: busy },
    below(1, {
      name: "retention, what is left differs",
      value: wrong,
      unit: "",
      detail: `independent computation; ${result.error ?? "no error"}`,
    }),
    below(1, {
      name: "retention, contradictions",
      value: contradictions,
      unit: "",
      detail: "invariants, and rows that name no file",
    }),
  ];
}

async function runAndKill(trial: Trial, ms: number): Promise<void> {
  const child = fork(PROCESS, [trial.dataDir, JSON.stringify(LIMITS)]);
  await sleep(ms);
  child.kill("SIGKILL");
  await once(child, "exit");
}

function countDetections(trial: Trial): number {
  const db = new Database(join(trial.dataDir, "vigil.db"), { readonly: true });
  try {
    return Number(db.prepare("SELECT count(*) FROM detections").pluck().get());
  } finally {
    db.close();
  }
}

/** Turns of the event loop, by a timer that is due in each. */
class Turns {
  readonly #delay = monitorEventLoopDelay({ resolution: 1 });
  #before = process.threadCpuUsage();
  #longest = 0;
  readonly #timer = setInterval(() => {
    const now = process.threadCpuUsage();
    this.#longest = Math.max(this.#longest, now.user + now.system - this.#before.user - this.#before.system);
    this.#before = now;
  }, 1);

  constructor() {
    this.#delay.enable();
  }

  /** In milliseconds. */
  end(): { byClock: number; byProcessor: number } {
    clearInterval(this.#timer);
    return { byClock: this.#delay.max / 1e6, byProcessor: this.#longest / 1_000 };
  }
}
