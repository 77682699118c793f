import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import Database from "better-sqlite3";
import type { FlowMessage } from "../../../../lib/domain/message.ts";
import { VigilError } from "../../../../lib/resilience/errors.ts";
import type { Result } from "../../../../lib/store/job.ts";
import { DATABASE_FILE } from "../../../../lib/store/store.ts";
import { eventually } from "../../../support/eventually.ts";
import { AT, removeStores } from "../support.ts";
import { AWAY, Bench, BUG, FOREVER, NOTHING, UPLOAD } from "./bench.ts";

describe("WorkQueue: restart", () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(removeStores);

  it("sets a job aside whose message cannot be read any more, and goes on with the next", async () => {
    const first = bench.rig(() => FOREVER);
    first.queue.receive(bench.delivery({ payload: 1 }));
    first.queue.receive(bench.delivery({ payload: 2 }));
    await first.queue.close();
    const db = new Database(join(bench.folder, DATABASE_FILE));
    db.exec("UPDATE work SET msg = '{' WHERE job_id = 1");
    db.close();
    const { begun, resumedFailures } = bench.started(async () => NOTHING);
    await eventually(() => begun.length === 1, "the second job");
    deepEqual(begun, [2]);
    equal(resumedFailures.length, 1);
    deepEqual(bench.jobs()[0], { state: "dead" });
  });

  describe("closing", () => {
    it("aborts what runs, which stays queued, and sends nothing after", async () => {
      const { queue, sent, begun } = bench.started(
        async (job, signal) => {
          await new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
          job.interim(() => [{ port: 0, topic: "", payload: 0, subject: null }]);
          return NOTHING;
        },
        { concurrency: 2 },
      );
      for (const payload of [1, 2, 3]) queue.receive(bench.delivery({ payload }));
      await turn();
      await queue.close();
      bench.clock.advance(3_600_000);
      await turn();
      deepEqual(begun, [1, 2]);
      deepEqual(sent, []);
      deepEqual(bench.ended, []);
      deepEqual(bench.jobs("state, attempts"), [
        { state: "queued", attempts: 0 },
        { state: "queued", attempts: 0 },
        { state: "queued", attempts: 0 },
      ]);
    });

    it("says why to the work", async () => {
      let reason: unknown;
      const { queue } = bench.started(async (_job, signal) => {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        reason = signal.reason;
        throw signal.reason;
      });
      queue.receive(bench.delivery({ payload: 1 }));
      await turn();
      await queue.close();
      equal(reason instanceof VigilError && reason.code, "CLOSING");
    });

    it("waits for work that comes to its end, and its result counts", async () => {
      const gate = Promise.withResolvers<Result>();
      const { queue, sent } = bench.started(() => gate.promise);
      queue.receive(bench.delivery({ payload: 1 }));
      await turn();
      const closed = queue.close();
      gate.resolve({ commit: () => [{ port: 0, topic: "", payload: 2, subject: null }] });
      await closed;
      deepEqual(bench.jobs(), [{ state: "done" }]);
      equal(sent.length, 1);
      deepEqual(bench.ended, [[1, undefined]]);
    });

    it("drops an interim result", async () => {
      const { queue, sent } = bench.started(async ({ interim }, signal) => {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        interim((tables) => {
          tables.cameras.know("garden", AT);
          return [{ port: 0, topic: "", payload: 0, subject: null }];
        });
        throw signal.reason;
      });
      queue.receive(bench.delivery({ payload: 1 }));
      await turn();
      await queue.close();
      deepEqual(sent, []);
      deepEqual(bench.store.cameras.ids(), []);
    });

    it("leaves no timer behind", async () => {
      const { queue } = bench.started(async () => {
        throw AWAY;
      });
      queue.receive(bench.delivery({ payload: 1 }));
      await turn();
      equal(bench.clock.pending, 1);
      await queue.close();
      equal(bench.clock.pending, 0);
    });
  });

  describe("the next instance", () => {
    /** Leaves these messages queued, as a process does that is killed while it works on the first. */
    async function leave(...messages: FlowMessage[]): Promise<void> {
      const { queue } = bench.started(() => FOREVER);
      for (const message of messages) queue.receive(bench.delivery(message));
      await turn();
      bench.reopen();
    }

    it("resumes what was queued, with the message from the journal", async () => {
      await leave(
        { _msgid: "m1", topic: "t", payload: { n: 1 }, mine: [1], res: () => {} },
        { _msgid: "m2", payload: 2 },
      );
      const worked: FlowMessage[] = [];
      const { queue, sent } = bench.started(async ({ message }) => {
        worked.push(message);
        return { commit: () => [{ port: 0, topic: "out", payload: 0, subject: UPLOAD }] };
      });
      equal(queue.depth, 2);
      await turn();
      deepEqual(worked, [
        { _msgid: "m1", topic: "t", payload: { n: 1 }, mine: [1] },
        { _msgid: "m2", payload: 2 },
      ]);
      deepEqual(sent[0]?.message, {
        _msgid: "m1",
        topic: "out",
        payload: 0,
        mine: [1],
        handover: `${bench.store.session}.1`,
      });
      equal(queue.depth, 0);
      deepEqual(bench.jobs(), [{ state: "done" }, { state: "done" }]);
      deepEqual(bench.ended, [], "the messages of the old process are nobody's now");
    });

    it("tells of a failure for good where there is nobody's done", async () => {
      await leave({ _msgid: "m1", payload: 1 });
      const { resumedFailures } = bench.started(async () => {
        throw BUG;
      });
      await turn();
      deepEqual(resumedFailures, [[BUG, { _msgid: "m1", payload: 1 }]]);
      deepEqual(bench.jobs(), [{ state: "dead" }]);
    });

    it("leaves the jobs of other nodes alone", async () => {
      await leave({ _msgid: "m1", payload: 1 });
      const { queue, begun } = bench.started(async () => NOTHING, { nodeId: "other" });
      await turn();
      equal(queue.depth, 0);
      deepEqual(begun, []);
      deepEqual(bench.jobs(), [{ state: "queued" }]);
    });

    it("owns the jobs: what a straggler of the closed instance brings is dropped", async () => {
      const slow = Promise.withResolvers<Result>();
      const first = bench.started(() => slow.promise);
      first.queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      const closed = first.queue.close();
      const fresh = Promise.withResolvers<Result>();
      const second = bench.started(() => fresh.promise);
      await turn();
      deepEqual(second.begun, [1]);

      const commit: Result["commit"] = (tables) => {
        tables.cameras.know("garden", AT);
        return [{ port: 0, topic: "", payload: 0, subject: UPLOAD }];
      };
      slow.resolve({ commit });
      await closed;
      deepEqual(bench.jobs(), [{ state: "queued" }]);
      deepEqual(first.sent, []);
      deepEqual(bench.store.cameras.ids(), []);
      deepEqual(bench.handovers(), []);

      fresh.resolve({ commit });
      await turn();
      deepEqual(bench.jobs(), [{ state: "done" }]);
      equal(second.sent.length, 1);
      equal(bench.handovers().length, 1);
    });

    it("is not disturbed by a straggler's failure", async () => {
      const slow = Promise.withResolvers<Result>();
      const first = bench.started(() => slow.promise);
      first.queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      const closed = first.queue.close();
      const second = bench.started(() => FOREVER);
      await turn();
      slow.reject(BUG);
      await closed;
      deepEqual(bench.jobs("state, attempts"), [{ state: "queued", attempts: 0 }]);
      equal(second.queue.depth, 1);
    });

    it("does not go round in circles over a message that reached the closed instance late", async () => {
      const first = bench.started(async () => NOTHING);
      await first.queue.close();
      let runs = 0;
      // A queue that never stops would not even let this test time out.
      const second = bench.started(() => (++runs > 10 ? FOREVER : Promise.resolve(NOTHING)));
      const late = bench.air();
      try {
        first.queue.receive(bench.delivery({ handover: late, payload: "late" }, { subject: UPLOAD }));
      } catch {
        // To refuse it is right as well: then it is still in the air.
      }
      second.queue.receive(bench.delivery({ _msgid: "m2", payload: "in time" }));
      await turn();
      ok(runs <= 2, `${runs} runs`);
      await second.queue.close();
      bench.reopen();
      const third = bench.started(async () => NOTHING);
      await turn();
      const resent = bench.store.handovers.toResend("sender", 0).includes(late);
      const worked = [...second.begun, ...third.begun].includes("late");
      ok(resent || worked, "it is not lost");
    });
  });
});
