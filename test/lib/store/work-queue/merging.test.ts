import { deepEqual, equal } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { VigilError } from "../../../../lib/resilience/errors.ts";
import type { Result } from "../../../../lib/store/job.ts";
import { removeStores } from "../support.ts";
import { Bench, BUG, NOTHING, type Rig } from "./bench.ts";

describe("WorkQueue: merging", () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(removeStores);

  /** Merges lists of numbers, all but those that hold a 13. */
  const merge = (_tables: unknown, payloads: readonly unknown[]) => {
    const lists = payloads as readonly number[][];
    const absorbed = lists.flatMap((list, index) => (index > 0 && !list.includes(13) ? [index] : []));
    return absorbed.length === 0
      ? null
      : { payload: [...(lists[0] ?? []), ...absorbed.flatMap((index) => lists[index] ?? [])], absorbed };
  };
  let gate: PromiseWithResolvers<Result>;
  const rigWithMerge = () => {
    gate = Promise.withResolvers<Result>();
    return bench.rig(() => gate.promise, { merge });
  };
  const put = ({ queue }: Rig, n: number, overrides: object = {}) =>
    queue.receive(bench.delivery({ _msgid: `m${n}`, payload: [n] }, overrides));

  it("takes what waits behind a job of the same camera into it", async () => {
    const rig = rigWithMerge();
    for (const n of [1, 2, 13, 3]) put(rig, n);
    put(rig, 4, { cameraId: "garden" });
    put(rig, 5, { priority: 1 });
    rig.queue.start();
    await turn();
    deepEqual(rig.begun, [[5]], "alone of its priority");
    gate.resolve(NOTHING);
    await turn();
    deepEqual(rig.begun, [[5], [4], [1, 2, 3], [13]]);
    deepEqual(
      bench.jobs("state, code").map(({ state, code }) => `${state} ${code}`),
      ["done null", "done MERGED", "done null", "done MERGED", "done null", "done null"],
    );
    equal(rig.queue.depth, 0);
    equal(bench.ended.length, 6, "each message has ended");
  });

  it("takes in eight at most", async () => {
    const rig = rigWithMerge();
    for (let n = 20; n < 30; n++) put(rig, n);
    rig.queue.start();
    await turn();
    deepEqual(rig.begun, [[20, 21, 22, 23, 24, 25, 26, 27]]);
    equal(rig.queue.depth, 3);
  });

  it("leaves what runs, and what has been tried, as it is", async () => {
    const failure = new VigilError("LATER", "Not now", { retryable: true });
    let runs = 0;
    const rig = bench.rig(
      () => {
        runs += 1;
        return runs === 1 ? Promise.reject(failure) : Promise.resolve(NOTHING);
      },
      { merge },
    );
    rig.queue.start();
    put(rig, 1);
    await turn();
    put(rig, 2);
    await turn();
    bench.clock.advance(1_000);
    await turn();
    deepEqual(rig.begun, [[1], [2], [1]]);
  });

  it("goes on with the merged message after a restart", async () => {
    const rig = rigWithMerge();
    for (const n of [1, 2]) put(rig, n);
    rig.queue.start();
    await turn();
    deepEqual(rig.begun, [[1, 2]]);
    bench.reopen();
    const next = bench.started(async () => NOTHING);
    await turn();
    deepEqual(next.begun, [[1, 2]]);
    deepEqual(bench.jobs(), [{ state: "done" }, { state: "done" }]);
  });

  it("does without it where it throws", async () => {
    const rig = bench.rig(async () => NOTHING, {
      merge: () => {
        throw BUG;
      },
    });
    for (const n of [1, 2]) put(rig, n);
    rig.queue.start();
    await turn();
    deepEqual(rig.begun, [[1], [2]]);
  });
});
