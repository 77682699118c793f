import { deepEqual, equal } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { ReplyError, ServerError } from "../../../../lib/resilience/errors.ts";
import { ServerGate } from "../../../../lib/resilience/server-gate.ts";
import type { GiveUp, Job, Result } from "../../../../lib/store/job.ts";
import { removeStores } from "../support.ts";
import { AWAY, Bench, FOREVER, NODE, NOTHING, type Rig } from "./bench.ts";

const REFUSED = new ServerError("REFUSED", "Nobody listens", { unreachable: true });
const MINUTE_MS = 60_000;

describe("WorkQueue: a limit to waiting for a server", () => {
  let bench: Bench;
  /** Payloads of the jobs that were given up. */
  let givenUp: unknown[];

  beforeEach(() => {
    bench = new Bench();
    givenUp = [];
  });

  afterEach(removeStores);

  const giveUp = (minutes: number, end: (job: Job) => Promise<Result> = async () => NOTHING): GiveUp => ({
    afterMs: minutes * MINUTE_MS,
    end: (job) => {
      givenUp.push(job.message.payload);
      return end(job);
    },
  });
  const put = ({ queue }: Rig, ...payloads: unknown[]) => {
    for (const payload of payloads) queue.receive(bench.delivery({ payload }));
  };
  const pass = async (minutes: number) => {
    for (let seconds = 0; seconds < minutes * 60; seconds += 1) {
      bench.clock.advance(1_000);
      await turn();
    }
  };
  const failWith = (error: Error) => async () => {
    throw error;
  };

  for (const error of [REFUSED, AWAY]) {
    it(`ends jobs after it, each at its time, while the answer is "${error.message}"`, async () => {
      const rig = bench.started(failWith(error), { giveUp: giveUp(10) });
      put(rig, 1);
      await pass(5);
      put(rig, 2);
      await pass(4.8);
      deepEqual(givenUp, []);
      await pass(1.2);
      deepEqual(givenUp, [1]);
      await pass(3);
      equal(rig.queue.depth, 1);
      await pass(2);
      deepEqual(givenUp, [1, 2]);
      deepEqual(bench.ended, [
        [1, undefined],
        [2, undefined],
      ]);
      equal(rig.queue.depth, 0);
    });
  }

  it("ends none that waits behind others at a server that works", async () => {
    const rig = bench.started(
      () => new Promise((resolve) => void bench.clock.after(5 * MINUTE_MS, () => resolve(NOTHING))),
      { giveUp: giveUp(2) },
    );
    put(rig, 1, 2, 3);
    await pass(16);
    deepEqual(givenUp, []);
    equal(bench.ended.length, 3);
  });

  it("counts from when the server last did something", async () => {
    let isAway = false;
    const rig = bench.started(
      async () => {
        if (isAway) throw AWAY;
        await new Promise<void>((resolve) => void bench.clock.after(4 * MINUTE_MS, resolve));
        return NOTHING;
      },
      { giveUp: giveUp(5) },
    );
    put(rig, 1, 2);
    await pass(3.9);
    isAway = true;
    await pass(4.9);
    deepEqual(givenUp, []);
    await pass(1);
    deepEqual(givenUp, [2]);
  });

  it("ends none while an answer that cannot be used shows that the server is there", async () => {
    const unusable = new ReplyError("UNUSABLE", "Nonsense");
    const rig = bench.started(
      async ({ message }) => {
        throw message.payload === "bad" ? unusable : AWAY;
      },
      { giveUp: giveUp(2) },
    );
    put(rig, "waits");
    for (let n = 0; n < 6; n++) {
      put(rig, "bad");
      await pass(1);
    }
    deepEqual(givenUp, []);
  });

  it("does not interrupt a job that runs", async () => {
    let tries = 0;
    const rig = bench.started(() => (++tries === 1 ? Promise.reject(AWAY) : FOREVER), { giveUp: giveUp(2) });
    put(rig, 1);
    await pass(10);
    deepEqual(givenUp, []);
    equal(rig.queue.depth, 1);
  });

  it("counts the time before a restart, once the server was found to be away still", async () => {
    const before = bench.started(failWith(REFUSED), { giveUp: giveUp(60) });
    put(before, 1);
    await pass(1);
    await before.queue.close();
    bench.clock.advance(70 * MINUTE_MS);

    const answers = (_job: Job, signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const works = bench.started(answers, { giveUp: giveUp(60) });
    await pass(1);
    deepEqual(givenUp, [], "the server was not found to be away");
    await works.queue.close();

    bench.started(failWith(REFUSED), { giveUp: giveUp(60) });
    await pass(1);
    deepEqual(givenUp, [1]);
  });

  it("makes a dead letter of a job whose end is a failure", async () => {
    const failure = new ServerError("GIVEN_UP", "Too long");
    const rig = bench.started(failWith(REFUSED), { giveUp: giveUp(1, async () => ({ ...NOTHING, failure })) });
    put(rig, 1);
    await pass(2);
    deepEqual(bench.ended, [[1, failure]]);
    equal(rig.queue.dead, 1);
  });

  it("lets a dead letter that is tried again wait anew", async () => {
    const failure = new ServerError("GIVEN_UP", "Too long");
    const rig = bench.started(failWith(REFUSED), { giveUp: giveUp(2, async () => ({ ...NOTHING, failure })) });
    put(rig, 1);
    await pass(5);
    equal(rig.queue.dead, 1);
    bench.store.jobs.revive(NODE, "all", bench.clock.now());
    rig.queue.refresh();
    await pass(1.5);
    equal(rig.queue.dead, 0);
    await pass(1);
    equal(rig.queue.dead, 1);
  });

  it("keeps a job that cannot be ended, and ends the others", async () => {
    const rig = bench.started(failWith(REFUSED), {
      giveUp: giveUp(1, async ({ message }) => {
        if (message.payload === "bad") throw new TypeError("a bug");
        return NOTHING;
      }),
    });
    put(rig, "bad", "good");
    await pass(1.2);
    deepEqual(bench.ended, [["good", undefined]]);
    equal(rig.queue.depth, 1);
    equal(rig.interimFailures[0]?.message, "a bug");
  });

  it("starts no job while it is being ended", async () => {
    const gate = new ServerGate(bench.clock);
    let isAway = true;
    const ending = Promise.withResolvers<Result>();
    const rig = bench.started(
      async () => {
        if (isAway) throw REFUSED;
        return NOTHING;
      },
      { gate, giveUp: giveUp(1, () => ending.promise) },
    );
    put(rig, 1);
    await pass(1.2);
    deepEqual(givenUp, [1]);
    isAway = false;
    const begun = rig.begun.length;
    await pass(5);
    equal(rig.begun.length, begun);
    ending.resolve(NOTHING);
    await pass(1);
    equal(rig.begun.length, begun);
    deepEqual(bench.ended, [[1, undefined]]);
  });
});
