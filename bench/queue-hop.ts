/**
 * One hop through the work queue beside a bare insert of the same kilobyte, in turns, both in WAL with synchronous NORMAL.
 * A hop: a message is received, which answers the hand-over it came with, worked on without effect, and settled with one
 * hand-over.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { FlowMessage } from "../lib/domain/message.ts";
import { systemClock } from "../lib/resilience/clock.ts";
import { ServerGate } from "../lib/resilience/server-gate.ts";
import { HandOff, type Output } from "../lib/store/hand-off.ts";
import type { Result } from "../lib/store/job.ts";
import { jobKey } from "../lib/store/job-key.ts";
import { Store } from "../lib/store/store.ts";
import { WorkQueue } from "../lib/store/work-queue.ts";
import { type Benchmark, below, type Figure, quantile } from "./figure.ts";

const GOAL_RATIO = 3;
const WARM_UP_ROUNDS = 5;
const ROUNDS = 40;
const PER_ROUND = 250;
const WAITING = 100_000;
const CAMERAS = 10;
const NODE = "node";

/** About 1 kB of JSON, as a picture with four detections has. */
const DETECTIONS = Array.from({ length: 4 }, (_, n) => ({
  detection_id: `de_0123456789abcdef${n}`,
  upload_id: "up_0123456789abcdef",
  captured_at: "2026-11-20T12:00:00.000Z",
  offset_ms: 0,
  label: "person",
  confidence: 0.87,
  x: 100.5 + n,
  y: 40.25,
  width: 60,
  height: 120,
  frame_width: 1920,
  frame_height: 1080,
}));
const PAYLOAD = { inspection_id: "in_0123456789abcdef", detections: DETECTIONS };
const OUTPUT: Output = {
  port: 0,
  topic: "camera_0",
  payload: PAYLOAD,
  subject: { kind: "detected", id: PAYLOAD.inspection_id },
};

export const queueHop: Benchmark = {
  name: "queue-hop",
  run: async () => [...(await measure(0)), ...(await measure(WAITING))],
};

async function measure(waiting: number): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "vigil-bench-"));
  const store = Store.open(folder);
  const bare = new Database(join(folder, "bare.db"));
  const hops = new Hops(store);
  try {
    bare.pragma("journal_mode = WAL");
    bare.pragma("synchronous = NORMAL");
    bare.exec("CREATE TABLE bare(id INTEGER PRIMARY KEY, msg TEXT NOT NULL) STRICT");
    const insert = bare.prepare("INSERT INTO bare(msg) VALUES(?)");
    const row = JSON.stringify(PAYLOAD);
    fill(store, waiting);
    hops.start();
    const hopMicros: number[] = [];
    const insertMicros: number[] = [];
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
      const began = performance.now();
      for (let n = 0; n < PER_ROUND; n++) insert.run(row);
      const between = performance.now();
      await hops.run(PER_ROUND);
      const ended = performance.now();
      if (round < WARM_UP_ROUNDS) continue;
      insertMicros.push(((between - began) * 1_000) / PER_ROUND);
      hopMicros.push(((ended - between) * 1_000) / PER_ROUND);
    }
    const hop = quantile(hopMicros, 0.5);
    const bareInsert = quantile(insertMicros, 0.5);
    const detail = `${ROUNDS} rounds of ${PER_ROUND}, a row of ${row.length} bytes; an insert takes ${bareInsert.toPrecision(3)} µs`;
    const name = waiting === 0 ? "queue hop" : `queue hop, ${waiting} waiting`;
    return [
      { name, value: hop, unit: "µs", goal: null, ok: null, detail },
      below(GOAL_RATIO, { name: `${name} / bare insert`, value: hop / bareInsert, unit: "times", detail }),
    ];
  } finally {
    await hops.close();
    store.close();
    bare.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A node whose messages come back to it, so that each settlement leads to the next receipt. */
class Hops {
  readonly #queue: WorkQueue;
  #left = 0;
  #begun = Promise.withResolvers<void>();
  #ended = Promise.withResolvers<void>();

  constructor(store: Store) {
    this.#queue = new WorkQueue({
      store,
      clock: systemClock,
      handOff: new HandOff({ nodeId: NODE, leadsOn: () => true, onDropped: () => {} }),
      nodeId: NODE,
      stage: "bench",
      gate: new ServerGate(systemClock),
      concurrency: 1,
      work: () => this.#work(),
      send: (messages) => {
        for (const { message } of messages) this.#receive(message);
      },
      onResumedFailure: () => {},
      onInterimFailure: () => {},
      onMissing: () => {},
      onChange: () => {},
    });
  }

  start(): void {
    this.#queue.start();
    this.#receive({ payload: PAYLOAD });
  }

  close(): Promise<void> {
    this.#left = 1;
    this.#begun.resolve();
    return this.#queue.close();
  }

  /** Resolves after so many hops; in between the node is at its work. */
  async run(hops: number): Promise<void> {
    this.#left = hops;
    this.#ended = Promise.withResolvers();
    this.#begun.resolve();
    await this.#ended.promise;
  }

  async #work(): Promise<Result> {
    if (this.#left === 0) {
      this.#begun = Promise.withResolvers();
      this.#ended.resolve();
      await this.#begun.promise;
    }
    this.#left -= 1;
    return { commit: () => [OUTPUT] };
  }

  #receive(message: FlowMessage): void {
    this.#queue.receive({
      message,
      key: jobKey(message),
      subject: OUTPUT.subject,
      cameraId: "camera_0",
      priority: 0,
      durable: false,
      done: () => {},
    });
  }
}

/** Jobs of several cameras that wait at the same node. */
function fill(store: Store, count: number): void {
  const msg = JSON.stringify({ payload: PAYLOAD });
  store.transaction(({ jobs }) => {
    for (let n = 0; n < count; n++) {
      const subjectId = `up_${n}`;
      const cameraId = `camera_${n % CAMERAS}`;
      jobs.queue({ nodeId: NODE, stage: "bench", key: `${n}`, subjectId, cameraId, priority: 0, now: 0 }, msg);
    }
  });
}
