import { deepEqual, equal } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { StoreError, VigilError } from "../../../../lib/resilience/errors.ts";
import type { Output } from "../../../../lib/store/hand-off.ts";
import type { Result } from "../../../../lib/store/job.ts";
import { AT, detectedOf, removeStores, rows, uploadOf } from "../support.ts";
import { Bench, BUG, NODE, NOTHING } from "./bench.ts";

describe("WorkQueue: results", () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(removeStores);

  describe("a result", () => {
    const detected = detectedOf("in_1", uploadOf("up_1"));
    const output: Output = {
      port: 0,
      topic: "front_door",
      payload: detected,
      properties: { extra: true },
      subject: { kind: "detected", id: "in_1" },
    };
    const terminal: Output = { port: 1, topic: "front_door", payload: null, subject: null };
    const commit: Result["commit"] = (tables) => {
      tables.uploads.adopt(detected.upload);
      tables.inspections.add(NODE, detected, AT);
      return [output, terminal];
    };
    const stored = () =>
      rows(
        bench.folder,
        `SELECT (SELECT count(*) FROM uploads) AS uploads, (SELECT count(*) FROM inspections) AS inspections,
          (SELECT count(*) FROM handovers) AS handovers, (SELECT group_concat(state) FROM work) AS work`,
      )[0];

    it("is one transaction with the end of the job and the new hand-overs, and is sent after it", async () => {
      const seen: unknown[] = [];
      const work: Result["commit"] = (tables) => {
        const outputs = commit(tables);
        seen.push(["commit", stored()]);
        return outputs;
      };
      const { queue } = bench.started(async () => ({ commit: work }), { onSend: () => seen.push(["send", stored()]) });
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }, { done: () => seen.push(["done", stored()]) }));
      await turn();
      const before = { uploads: 0, inspections: 0, handovers: 0, work: "queued" };
      const after = { uploads: 1, inspections: 1, handovers: 1, work: "done" };
      deepEqual(seen, [
        ["commit", before],
        ["send", after],
        ["done", after],
      ]);
    });

    it("leaves with the user's properties and a hand-over that is in the air", async () => {
      const { queue, sent } = bench.started(async () => ({ commit }));
      const respond = () => {};
      queue.receive(
        bench.delivery({
          _msgid: "m1",
          topic: "x",
          payload: 1,
          handover: "s.9",
          replayed: true,
          mine: 7,
          res: respond,
        }),
      );
      await turn();
      const own = { _msgid: "m1", topic: "front_door", mine: 7, res: respond };
      const handover = `${bench.store.session}.1`;
      deepEqual(sent, [
        { port: 0, message: { ...own, extra: true, payload: detected, handover } },
        { port: 1, message: { ...own, payload: null } },
      ]);
      const [row] = rows(bench.folder, "SELECT node_id, port, kind, subject_id, state, msg FROM handovers");
      const msg = { _msgid: "m1", topic: "front_door", payload: detected, mine: 7, extra: true };
      deepEqual(
        { ...row, msg: JSON.parse(String(row?.msg)) },
        { node_id: NODE, port: 0, kind: "detected", subject_id: "in_1", state: "air", msg },
      );
    });

    it("that cannot be written for a bug stores and sends nothing, and its job is dead", async () => {
      const { queue, sent } = bench.started(async () => ({
        commit: (tables) => {
          commit(tables);
          throw BUG;
        },
      }));
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      deepEqual(stored(), { uploads: 0, inspections: 0, handovers: 0, work: "dead" });
      deepEqual(bench.jobs("code, error"), [{ code: "UNEXPECTED", error: "a bug" }]);
      deepEqual(sent, []);
      deepEqual(bench.ended, [[1, BUG]]);
    });

    it("that cannot be written now stores and sends nothing, and its job waits", async () => {
      let tries = 0;
      const { queue, sent } = bench.started(async () => ({
        commit: (tables) => {
          const outputs = commit(tables);
          tries += 1;
          if (tries === 1) throw new StoreError("STORE_FAILED", "The disk is full", { retryable: true });
          return outputs;
        },
      }));
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      deepEqual(stored(), { uploads: 0, inspections: 0, handovers: 0, work: "queued" });
      deepEqual(sent, []);
      deepEqual(bench.ended, []);
      bench.clock.advance(1_000);
      await turn();
      deepEqual(stored(), { uploads: 1, inspections: 1, handovers: 1, work: "done" });
      equal(sent.length, 2);
      deepEqual(bench.ended, [[1, undefined]]);
    });

    it("that counts as failed is stored and sent, and its job is dead", async () => {
      const failure = new VigilError("LLM_REPLY", "The model's answer cannot be used");
      const { queue, sent, begun } = bench.started(async () => ({ commit, failure }));
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      deepEqual(stored(), { uploads: 1, inspections: 1, handovers: 1, work: "dead" });
      deepEqual(bench.jobs("code, error, msg IS NULL AS forgotten"), [
        { code: "LLM_REPLY", error: failure.message, forgotten: 0 },
      ]);
      equal(sent.length, 2);
      deepEqual(bench.ended, [[1, failure]]);
      bench.clock.advance(3_600_000);
      await turn();
      equal(begun.length, 1);
    });

    it("may be preceded by another, which is stored and sent before the job has ended", async () => {
      const gate = Promise.withResolvers<Result>();
      const { queue, sent } = bench.started(({ interim }) => {
        interim(commit);
        return gate.promise;
      });
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      deepEqual(stored(), { uploads: 1, inspections: 1, handovers: 1, work: "queued" });
      equal(sent.length, 2);
      deepEqual(bench.ended, []);
      gate.resolve({ commit: () => [terminal] });
      await turn();
      equal(sent.length, 3);
      deepEqual(bench.ended, [[1, undefined]]);
    });

    it("is not harmed by an earlier one that fails", async () => {
      const { queue, sent, interimFailures } = bench.started(async ({ interim }) => {
        interim((tables) => {
          commit(tables);
          throw BUG;
        });
        return { commit: () => [terminal] };
      });
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      deepEqual(interimFailures, [BUG]);
      deepEqual(stored(), { uploads: 0, inspections: 0, handovers: 0, work: "done" });
      equal(sent.length, 1);
      deepEqual(bench.ended, [[1, undefined]]);
    });
  });

  describe("order", () => {
    it("runs no more jobs at once than it may", async () => {
      const gates: PromiseWithResolvers<Result>[] = [];
      const { queue, begun } = bench.started(
        () => {
          const gate = Promise.withResolvers<Result>();
          gates.push(gate);
          return gate.promise;
        },
        { concurrency: 2 },
      );
      for (const payload of [1, 2, 3, 4]) queue.receive(bench.delivery({ payload }));
      await turn();
      deepEqual(begun, [1, 2]);
      gates[1]?.resolve(NOTHING);
      await turn();
      deepEqual(begun, [1, 2, 3]);
      gates[0]?.resolve(NOTHING);
      gates[2]?.resolve(NOTHING);
      await turn();
      deepEqual(begun, [1, 2, 3, 4]);
      deepEqual(
        bench.ended.map(([payload]) => payload),
        [2, 1, 3],
      );
    });

    it("takes the highest priority first, and the oldest of each", async () => {
      const { queue, begun } = bench.rig(async () => NOTHING);
      for (const [payload, priority] of [
        ["a", 0],
        ["b", 1],
        ["c", 0],
        ["d", 1],
        ["e", -1],
      ] as const) {
        queue.receive(bench.delivery({ payload }, { priority }));
      }
      queue.start();
      await turn();
      deepEqual(begun, ["b", "d", "a", "c", "e"]);
    });
  });

  it("tells its depth at each change", async () => {
    const { queue, depths } = bench.started(async () => NOTHING);
    queue.receive(bench.delivery({ payload: 1 }));
    queue.receive(bench.delivery({ payload: 2 }));
    await turn();
    deepEqual(depths, [0, 1, 2, 1, 0]);
  });
});
