/** A model of a server that goes up and down by chance, and of a picture that it cannot stand. */
import { setImmediate as turn } from "node:timers/promises";
import { ServerError } from "../../../../lib/resilience/errors.ts";
import { ServerGate } from "../../../../lib/resilience/server-gate.ts";
import { HandOff } from "../../../../lib/store/hand-off.ts";
import { WorkQueue } from "../../../../lib/store/work-queue.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { openStore } from "../support.ts";
import { NOTHING } from "./bench.ts";

export interface ModelOptions {
  readonly seed: number;
  readonly concurrency: number;
  /** What a picture that the server cannot stand does: it alone fails, or it takes the server down for a while. */
  readonly poison: "fails" | "crashes";
  /** How the server is away: nobody listens, it answers 500, or it lets requests hang until they time out. */
  readonly away: "refuses" | "fails" | "hangs";
  /** Mean lengths of the server's good and bad times, in milliseconds. */
  readonly upMs: number;
  readonly downMs: number;
  readonly jobs: number;
  /** The number of the picture that the server cannot stand. */
  readonly poisoned: number;
}

export interface Outcome {
  /** Payloads of the dead letters. */
  readonly dead: readonly number[];
  readonly done: number;
  /** How often that picture met the server. */
  readonly meetings: number;
  /** How often the server was away. */
  readonly outages: number;
}

const HOUR_MS = 3_600_000;
const STEP_MS = 200;
const JOB_MS = 400;
const TIMEOUT_MS = 5_000;
const CRASH_MS = 5_000;

/** Chance is the same for the same seed, also that of the waits. */
export async function runModel(options: ModelOptions): Promise<Outcome> {
  const { random } = Math;
  Math.random = randomOf(options.seed);
  try {
    return await run(options);
  } finally {
    Math.random = random;
  }
}

async function run(options: ModelOptions): Promise<Outcome> {
  const { concurrency, poison, away, jobs } = options;
  const clock = new FakeClock();
  const begin = clock.now();
  const downs = downtimes(options);
  let crashedUntil = 0;
  let meetings = 0;
  const store = openStore(null);
  const done: number[] = [];
  const dead: number[] = [];

  const isDown = (now: number) => downs.some(([from, to]) => now - begin >= from && now - begin < to);
  const wait = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  const refused = () => new ServerError("AWAY", "refused", { unreachable: true });
  const ask = async (picture: number) => {
    if (clock.now() < crashedUntil) throw refused();
    const isPoisoned = picture === options.poisoned;
    const until = clock.now() + JOB_MS;
    for (let waited = 0; ; waited += STEP_MS) {
      if (isDown(clock.now())) {
        if (away === "refuses") throw waited === 0 ? refused() : new ServerError("RESET", "reset");
        if (away === "fails") throw new ServerError("FAILED", "500");
        if (waited >= TIMEOUT_MS) throw new ServerError("TIMEOUT", "timeout");
      } else if (clock.now() < crashedUntil) throw new ServerError("RESET", "reset");
      else if (isPoisoned && waited >= STEP_MS) {
        meetings += 1;
        if (poison === "crashes") crashedUntil = clock.now() + CRASH_MS;
        throw new ServerError("FAILED", "500");
      } else if (clock.now() >= until) return;
      await wait(STEP_MS);
    }
  };

  const queue = new WorkQueue({
    store,
    clock,
    handOff: new HandOff({ nodeId: "node", leadsOn: () => true, onDropped: () => {} }),
    nodeId: "node",
    stage: "detect",
    gate: new ServerGate(clock),
    concurrency,
    work: async ({ message }) => {
      await ask(Number(message.payload));
      return NOTHING;
    },
    send: () => {},
    onResumedFailure: () => {},
    onInterimFailure: () => {},
    onMissing: () => {},
    onChange: () => {},
  });
  queue.start();
  const receive = (payload: number) =>
    queue.receive({
      message: { _msgid: `m${payload}`, payload },
      key: String(payload),
      subject: null,
      cameraId: `camera_${payload % 5}`,
      priority: 0,
      durable: false,
      done: (error) => (error ? dead : done).push(payload),
    });
  let sent = 0;
  for (let now = 0; now < 1.5 * HOUR_MS && done.length + dead.length < jobs; now += STEP_MS) {
    while (sent < jobs && sent * HOUR_MS <= now * jobs) receive(sent++);
    clock.advance(STEP_MS);
    await turn();
  }
  await queue.close();
  store.close();
  return { dead, done: done.length, meetings, outages: downs.length };
}

/** The times within the hour at which the server is away. */
function downtimes({ upMs, downMs }: ModelOptions): [from: number, to: number][] {
  const lengthOf = (mean: number) => -mean * Math.log(1 - Math.random());
  const times: [number, number][] = [];
  for (let at = lengthOf(upMs); at < HOUR_MS; ) {
    const end = at + lengthOf(downMs);
    times.push([at, end]);
    at = end + lengthOf(upMs);
  }
  return times;
}

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
