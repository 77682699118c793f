import { deepEqual, equal, ok } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { InputError, StoreError } from "../../../../lib/resilience/errors.ts";
import type { Result } from "../../../../lib/store/job.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { AT, openStore, openWithConnection, removeStores } from "../support.ts";
import { AWAY, Bench, BUG, FOREVER, NODE, NOTHING } from "./bench.ts";

describe("WorkQueue: failures", () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(removeStores);

  describe("a retryable failure", () => {
    it("is tried again after growing waits, without end, until it works", async () => {
      let well = false;
      const { queue, begun } = bench.started(async () => {
        if (!well) throw AWAY;
        return NOTHING;
      });
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      for (let failures = 1; failures <= 40; failures += 1) {
        const ceiling = Math.min(1_000 * 2 ** (failures - 1), 60_000);
        deepEqual(bench.jobs("state, attempts, code, error"), [
          { state: "queued", attempts: failures, code: AWAY.code, error: AWAY.message },
        ]);
        const wait = Number(bench.jobs("next_ms")[0]?.next_ms) - bench.clock.now();
        ok(wait >= ceiling / 2 && wait <= ceiling, `${wait} ms after ${failures} failures`);
        bench.clock.advance(wait - 1);
        await turn();
        equal(begun.length, failures, "not before its time");
        bench.clock.advance(1);
        await turn();
        equal(begun.length, failures + 1);
      }
      equal(queue.waitingFor, AWAY);
      equal(queue.depth, 1);
      deepEqual(bench.ended, []);
      well = true;
      bench.clock.advance(60_000);
      await turn();
      equal(queue.waitingFor, null);
      equal(queue.depth, 0);
      deepEqual(bench.ended, [[1, undefined]]);
      deepEqual(bench.jobs(), [{ state: "done" }]);
    });

    it("does not hold up the jobs behind it", async () => {
      const { queue, begun } = bench.started(async ({ message }) => {
        if (message.payload === "bad") throw AWAY;
        return NOTHING;
      });
      for (const payload of ["bad", "good", "better"]) queue.receive(bench.delivery({ payload }));
      await turn();
      deepEqual(begun, ["bad", "good", "better"]);
      deepEqual(bench.ended, [
        ["good", undefined],
        ["better", undefined],
      ]);
    });

    it("keeps its place in the schedule over a restart", async () => {
      const first = bench.started(async () => {
        throw AWAY;
      });
      first.queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      await first.queue.close();
      bench.reopen();
      const second = bench.started(async () => NOTHING);
      await turn();
      deepEqual(second.begun, []);
      equal(second.queue.depth, 1);
      bench.clock.advance(1_000);
      await turn();
      deepEqual(second.begun, [1]);
    });
  });

  it("does not work in vain on a store that is corrupt", async () => {
    const { queue, begun } = bench.started(async () => NOTHING);
    const corrupt = new StoreError("STORE_CORRUPT", "The database is corrupt");
    queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
    bench.store.transaction = () => {
      throw corrupt;
    };
    await turn();
    equal(queue.waitingFor, corrupt);
    bench.clock.advance(24 * 3_600_000);
    await turn();
    deepEqual(begun, [1]);
    deepEqual(bench.jobs(), [{ state: "queued" }]);
  });

  describe("a failure for good", () => {
    const cases: [string, unknown, string, string][] = [
      ["a Vigil error", new InputError("BAD_PICTURE", "It is no picture"), "BAD_PICTURE", "It is no picture"],
      ["a bug", new TypeError("x is not a function"), "UNEXPECTED", "x is not a function"],
      ["something that is no error", "oops", "UNEXPECTED", "oops"],
    ];
    for (const [what, thrown, code, error] of cases) {
      it(`is a dead letter, and done hears of it: ${what}`, async () => {
        const { queue, begun, sent } = bench.started(async () => {
          throw thrown;
        });
        queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
        await turn();
        deepEqual(bench.jobs("state, code, error, settled_ms, msg"), [
          { state: "dead", code, error, settled_ms: bench.clock.now(), msg: '{"_msgid":"m1","payload":1}' },
        ]);
        equal(bench.ended.length, 1);
        const [[, told] = []] = bench.ended;
        if (thrown instanceof Error) equal(told, thrown);
        else equal(told?.message, thrown);
        equal(queue.depth, 0);
        equal(queue.waitingFor, null);
        deepEqual(sent, []);
        bench.clock.advance(3_600_000);
        await turn();
        equal(begun.length, 1);
      });
    }

    it("stays dead over a restart", async () => {
      const first = bench.started(async () => {
        throw BUG;
      });
      first.queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      await first.queue.close();
      bench.reopen();
      const second = bench.started(async () => NOTHING);
      await turn();
      deepEqual(second.begun, []);
      deepEqual(bench.jobs(), [{ state: "dead" }]);
    });
  });

  describe("while the store fails", () => {
    it("keeps a job whose result does not fit on the disk, and finishes it when there is room", async () => {
      const { store: full, connection } = openWithConnection();
      const { queue, sent } = bench.started(
        async () => ({
          commit: (tables) => {
            tables.cameras.know("x".repeat(100_000), AT);
            return [{ port: 0, topic: "", payload: 2, subject: null }];
          },
        }),
        { on: full },
      );
      connection.pragma(`max_page_count = ${connection.pragma("page_count", { simple: true })}`);
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      equal(queue.waitingFor instanceof StoreError && queue.waitingFor.code, "STORE_FAILED");
      equal(full.jobs.count(NODE, "queued"), 1);
      bench.clock.advance(60_000);
      await turn();
      deepEqual(sent, []);
      deepEqual(bench.ended, []);
      connection.pragma("max_page_count = 1000000");
      bench.clock.advance(60_000);
      await turn();
      equal(sent.length, 1);
      deepEqual(bench.ended, [[1, undefined]]);
      equal(queue.waitingFor, null);
      equal(full.jobs.count(NODE, "queued"), 0);
    });

    for (const [what, end] of [
      ["its result", () => Promise.resolve(NOTHING)],
      ["its failure", () => Promise.reject(AWAY)],
      ["its death", () => Promise.reject(BUG)],
    ] as const) {
      it(`keeps a job of which not even ${what} can be written down, and tries again in a while`, async () => {
        const { store: broken, connection } = openWithConnection();
        let runs = 0;
        let well = false;
        const { queue } = bench.started(
          () => {
            runs += 1;
            if (runs > 10) return FOREVER;
            return well ? Promise.resolve(NOTHING) : end();
          },
          { on: broken },
        );
        queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
        connection.pragma("query_only = ON");
        await turn();
        equal(runs, 1, "not again at once");
        equal(queue.waitingFor instanceof StoreError && queue.waitingFor.code, "STORE_FAILED");
        bench.clock.advance(4_999);
        await turn();
        equal(runs, 1);
        bench.clock.advance(1);
        await turn();
        equal(runs, 2);
        deepEqual(bench.ended, []);
        well = true;
        connection.pragma("query_only = OFF");
        bench.clock.advance(5_000);
        await turn();
        deepEqual(bench.ended, [[1, undefined]]);
        equal(queue.waitingFor, null);
        equal(queue.depth, 0);
      });
    }

    it("survives a store that is closed under it, and the job is there when it opens again", async () => {
      const where = tempFolder();
      const { store: lost, connection } = openWithConnection(where);
      const gate = Promise.withResolvers<Result>();
      const { queue, sent } = bench.started(() => gate.promise, { on: lost });
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      connection.close();
      gate.resolve({ commit: () => [{ port: 0, topic: "", payload: 2, subject: null }] });
      await turn();
      bench.clock.advance(60_000);
      await turn();
      deepEqual(sent, []);
      deepEqual(bench.ended, []);
      await queue.close();
      lost.close();
      const next = bench.started(async () => NOTHING, { on: openStore(where) });
      await turn();
      deepEqual(next.begun, [1]);
    });
  });
});
