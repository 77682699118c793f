import { deepEqual, equal } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { removeStores } from "../support.ts";
import { Bench, BUG, NODE, NOTHING, type Rig } from "./bench.ts";

describe("WorkQueue: dead letters", () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(removeStores);

  /** A queue in which 1 and 2 have died, of a bug that `repair` takes away. */
  const withTwo = async (): Promise<{ rig: Rig; repair(): void }> => {
    let isBroken = true;
    const rig = bench.started(async () => {
      if (isBroken) throw BUG;
      return NOTHING;
    });
    for (const payload of [1, 2]) rig.queue.receive(bench.delivery({ _msgid: `m${payload}`, payload }));
    await turn();
    equal(rig.queue.dead, 2);
    return {
      rig,
      repair: () => {
        isBroken = false;
      },
    };
  };
  /** How many were changed. */
  const change = (how: "revive" | "discard", choice: number | "all") =>
    bench.store.transaction(({ jobs }) =>
      how === "revive"
        ? jobs.revive(NODE, choice, bench.clock.now()).length
        : jobs.discard(NODE, choice, bench.clock.now()),
    );
  const FIRST = 1;

  it("are listed with what went wrong", async () => {
    await withTwo();
    const at = bench.clock.now();
    const letter = { subject_id: null, camera_id: "front_door", attempts: 1, code: "UNEXPECTED", error: BUG.message };
    deepEqual(bench.store.jobs.listDead(NODE, 10), [
      { job_id: 1, ...letter, created_ms: at, settled_ms: at },
      { job_id: 2, ...letter, created_ms: at, settled_ms: at },
    ]);
    equal(bench.store.jobs.listDead(NODE, 1).length, 1);
    deepEqual(bench.store.jobs.listDead("other", 10), []);
  });

  it("are done once they are revived and the queue looks again", async () => {
    const { rig, repair } = await withTwo();
    repair();
    equal(change("revive", "all"), 2);
    rig.queue.refresh();
    await turn();
    deepEqual(rig.begun, [1, 2, 1, 2]);
    deepEqual([rig.queue.depth, rig.queue.dead], [0, 0]);
    deepEqual(bench.jobs(), [{ state: "done" }, { state: "done" }]);
    equal(bench.ended.length, 2, "their messages have ended already");
  });

  it("are revived one by one, and as if they had never been tried", async () => {
    const { rig } = await withTwo();
    equal(change("revive", FIRST), 1);
    equal(change("revive", FIRST), 0, "it is dead no more");
    deepEqual(bench.jobs("state, attempts, faults, next_ms, settled_ms"), [
      { state: "queued", attempts: 0, faults: 0, next_ms: 0, settled_ms: null },
      { state: "dead", attempts: 1, faults: 0, next_ms: 0, settled_ms: bench.clock.now() },
    ]);
    rig.queue.refresh();
    deepEqual([rig.queue.depth, rig.queue.dead], [1, 1]);
    await turn();
    deepEqual([rig.queue.depth, rig.queue.dead], [0, 2]);
    deepEqual(rig.resumedFailures, [[BUG, { _msgid: "m1", payload: 1 }]]);
  });

  it("are given up for good", async () => {
    const { rig, repair } = await withTwo();
    repair();
    equal(change("discard", FIRST), 1);
    rig.queue.refresh();
    equal(rig.queue.dead, 1);
    equal(change("revive", "all"), 1);
    deepEqual(bench.jobs("state, msg IS NULL AS forgotten"), [
      { state: "discarded", forgotten: 1 },
      { state: "queued", forgotten: 0 },
    ]);
  });

  it("stay receipts: the same message is not taken again, dead or given up", async () => {
    const { rig } = await withTwo();
    change("discard", FIRST);
    for (const payload of [1, 2]) rig.queue.receive(bench.delivery({ _msgid: `m${payload}`, payload }));
    await turn();
    deepEqual(rig.begun, [1, 2]);
    deepEqual(bench.jobs(), [{ state: "discarded" }, { state: "dead" }]);
  });

  it("are another node's business where they are another node's", async () => {
    await withTwo();
    bench.store.transaction(({ jobs }) => {
      deepEqual(jobs.revive("other", "all", 0), []);
      equal(jobs.discard("other", FIRST, 0), 0);
    });
  });

  it("counts those that are there when it starts", async () => {
    const { rig } = await withTwo();
    await rig.queue.close();
    bench.reopen();
    equal(bench.started(async () => NOTHING).queue.dead, 2);
  });
});
