import { deepEqual, equal, ok } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { ServerError } from "../../../../lib/resilience/errors.ts";
import { ServerGate } from "../../../../lib/resilience/server-gate.ts";
import type { Job, Result } from "../../../../lib/store/job.ts";
import { removeStores } from "../support.ts";
import { AWAY, Bench, NOTHING, type Rig } from "./bench.ts";
import { runModel } from "./model.ts";

const REFUSED = new ServerError("REFUSED", "Nobody listens", { unreachable: true });
const MINUTE_MS = 60_000;

describe("WorkQueue: outages of a server", () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(removeStores);

  const put = ({ queue }: Rig, ...payloads: unknown[]) => {
    for (const payload of payloads) queue.receive(bench.delivery({ payload }));
  };
  /** Lets time pass in steps, so that what comes of a timer happens at its time. */
  const pass = async (ms: number, stepMs = 500) => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      bench.clock.advance(stepMs);
      await turn();
    }
  };
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

  for (const error of [REFUSED, AWAY]) {
    for (const count of [1, 2, 50]) {
      it(`loses none of ${count} jobs in an hour of "${error.message}", and does them soon after`, async () => {
        let isAway = true;
        const rig = bench.started(async () => {
          if (isAway) throw error;
          return NOTHING;
        });
        put(rig, ...numbers(count));
        await pass(60 * MINUTE_MS);
        equal(rig.queue.depth, count);
        equal(rig.queue.waitingFor, error);
        equal(bench.ended.length, 0);
        ok(rig.begun.length < 200, `${rig.begun.length} requests to a server that is away`);
        isAway = false;
        await pass(2 * MINUTE_MS);
        equal(rig.queue.depth, 0);
        equal(rig.queue.waitingFor, null);
        equal(bench.ended.length, count);
        deepEqual(
          bench.ended.filter(([, failure]) => failure),
          [],
        );
      });
    }
  }

  describe("a picture that a server cannot stand", () => {
    const poisoned = ({ message }: Job): Promise<Result> =>
      message.payload === "poison" ? Promise.reject(AWAY) : Promise.resolve(NOTHING);

    it("dies after three failures at a server that works for others, and nothing else does", async () => {
      const rig = bench.started(poisoned);
      put(rig, "good 1", "poison");
      for (let n = 2; n < 60 && rig.queue.depth > 0; n++) {
        await pass(1_000);
        put(rig, `good ${n}`);
      }
      deepEqual(
        bench.ended.filter(([, failure]) => failure),
        [["poison", AWAY]],
      );
      equal(rig.queue.dead, 1);
      equal(rig.begun.filter((payload) => payload === "poison").length, 4, "the first failure is nobody's fault");
    });

    it("does not die while it is alone: then it may be the server", async () => {
      const rig = bench.started(poisoned);
      put(rig, "poison");
      await pass(60 * MINUTE_MS);
      equal(rig.queue.depth, 1);
      deepEqual(bench.ended, []);
    });

    it("does not meet two probes in a row", async () => {
      let isAway = false;
      const rig = bench.started(async (job) => {
        if (isAway) throw REFUSED;
        return poisoned(job);
      });
      put(rig, "good");
      await turn();
      isAway = true;
      put(rig, "poison", ...numbers(50));
      await pass(10 * MINUTE_MS);
      const probes = rig.begun.slice(1);
      ok(probes.length > 10);
      const inARow = probes.filter((payload, n) => payload === "poison" && probes[n + 1] === "poison");
      deepEqual(inARow, []);
    });

    it("counts its faults over a restart", async () => {
      const counts: unknown[] = [];
      for (let n = 1; n <= 4; n++) {
        const rig = bench.started(poisoned);
        put(rig, `good ${n}`);
        if (n === 1) put(rig, "poison");
        await pass(MINUTE_MS);
        put(rig, `better ${n}`);
        await pass(MINUTE_MS);
        counts.push(bench.jobs("state, faults")[1]);
        await rig.queue.close();
        bench.reopen();
        if (bench.jobs("state").some(({ state }) => state === "dead")) return;
      }
      throw new Error(`it lives: ${JSON.stringify(counts)}`);
    });

    it("dies at the node whose job it is, where another node's jobs show that the server works", async () => {
      const gate = new ServerGate(bench.clock);
      const bad = bench.started(() => Promise.reject(AWAY), { nodeId: "bad", gate });
      const good = bench.started(async () => NOTHING, { nodeId: "good", gate });
      put(bad, "poison");
      for (let n = 0; n < 60 && bad.queue.depth > 0; n++) {
        put(good, n);
        await pass(1_000);
      }
      equal(bad.queue.dead, 1);
      equal(good.queue.dead, 0);
    });
  });

  describe("in an hour with a server that comes and goes", function () {
    this.timeout(60_000);
    const JOBS = 2_000;
    const POISONED = 700;
    for (const [seed, concurrency, poison, away, upMs, downMs] of [
      [1, 1, "fails", "fails", 20_000, 10_000],
      [2, 4, "fails", "refuses", 5_000, 5_000],
      [3, 4, "crashes", "hangs", 20_000, 10_000],
      [4, 1, "crashes", "refuses", 300_000, 60_000],
    ] as const) {
      it(`only the picture dies that ${poison === "fails" ? "it cannot stand" : "takes it down"} (seed ${seed})`, async () => {
        const outcome = await runModel({
          seed,
          concurrency,
          poison,
          away,
          upMs,
          downMs,
          jobs: JOBS,
          poisoned: POISONED,
        });
        ok(outcome.outages > 5);
        deepEqual(outcome.dead, [POISONED]);
        equal(outcome.done, JOBS - 1);
        ok(outcome.meetings <= 10, `the server met the picture ${outcome.meetings} times`);
      });
    }
  });
});
