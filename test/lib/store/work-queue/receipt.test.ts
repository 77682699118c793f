import { deepEqual, equal, throws } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import type { FlowMessage } from "../../../../lib/domain/message.ts";
import { InputError } from "../../../../lib/resilience/errors.ts";
import type { Result } from "../../../../lib/store/job.ts";
import { eventually } from "../../../support/eventually.ts";
import { AT, openWithConnection, removeStores } from "../support.ts";
import { Bench, BUG, FOREVER, NODE, NOTHING, UPLOAD } from "./bench.ts";

describe("WorkQueue: receipt", () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(removeStores);

  describe("receipt", () => {
    it("journals a message before its work starts", async () => {
      let atStart: unknown;
      const { queue } = bench.started(async () => {
        atStart = bench.jobs("node_id, stage, state, subject_id, camera_id, priority, msg, created_ms");
        return NOTHING;
      });
      const message = { _msgid: "m1", topic: "front_door", payload: { n: 1 }, mine: "kept" };
      queue.receive(bench.delivery(message, { subject: UPLOAD, priority: 3 }));
      deepEqual(bench.jobs(), [{ state: "queued" }], "when receive returns");
      await turn();
      deepEqual(atStart, [
        {
          node_id: NODE,
          stage: "detect",
          state: "queued",
          subject_id: "up_1",
          camera_id: "front_door",
          priority: 3,
          msg: JSON.stringify(message),
          created_ms: bench.clock.now(),
        },
      ]);
    });

    it("hands the live message to the work, with what the journal cannot keep", async () => {
      const respond = () => {};
      let worked: FlowMessage | undefined;
      const { queue } = bench.started(async ({ message }) => {
        worked = message;
        return NOTHING;
      });
      const message = { _msgid: "m1", payload: 1, res: respond };
      queue.receive(bench.delivery(message));
      await turn();
      equal(worked, message);
    });

    it("is done only when the work has ended, and keeps the receipt without the message", async () => {
      const gate = Promise.withResolvers<Result>();
      const { queue } = bench.started(() => gate.promise);
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      deepEqual(bench.ended, []);
      bench.clock.advance(1_000);
      gate.resolve(NOTHING);
      await turn();
      deepEqual(bench.ended, [[1, undefined]]);
      deepEqual(bench.jobs("state, msg, settled_ms"), [{ state: "done", msg: null, settled_ms: bench.clock.now() }]);
    });

    it("keeps a thousand live messages, and of the others only those that the journal cannot keep", async () => {
      const { queue, begun, resumedFailures } = bench.rig(async ({ message }) => {
        if (message.payload === 1_000) throw BUG;
        return NOTHING;
      });
      for (let n = 0; n <= 1_000; n++) queue.receive(bench.delivery({ _msgid: `m${n}`, payload: n }));
      deepEqual(bench.ended, [[1_000, undefined]]);
      queue.receive(bench.delivery({ _msgid: "http", payload: 1_001, res: () => {} }));
      equal(bench.ended.length, 1);
      queue.start();
      await eventually(() => queue.depth === 0, "the end of the work");
      equal(begun.length, 1_002);
      equal(bench.ended.length, 1_002);
      deepEqual(
        resumedFailures.map(([error, { payload }]) => [error, payload]),
        [[BUG, 1_000]],
      );
    });

    it("waits with the work until it is started", async () => {
      const { queue, begun } = bench.rig(async () => NOTHING);
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      deepEqual(begun, []);
      queue.start();
      await turn();
      deepEqual(bench.ended, [[1, undefined]]);
      equal(queue.depth, 0);
    });

    it("journals nothing where the store fails, and says so", () => {
      const { store: full, connection } = openWithConnection();
      const id = full.handovers.send("sender", 0, UPLOAD, "{}", bench.clock.now());
      const { queue } = bench.started(async () => NOTHING, { on: full });
      connection.pragma(`max_page_count = ${connection.pragma("page_count", { simple: true })}`);
      const payload = "x".repeat(100_000);
      throws(() => queue.receive(bench.delivery({ handover: id, payload }, { subject: UPLOAD })), {
        name: "StoreError",
        code: "STORE_FAILED",
      });
      deepEqual(full.handovers.toResend("sender", 0), [id], "its hand-over is still in the air");
      equal(full.jobs.count(NODE, "queued"), 0);
      equal(queue.depth, 0);
      deepEqual(bench.ended, []);
    });
  });

  describe("the same message", () => {
    const MESSAGE = { handover: "s.1", payload: { n: 1 } };

    it("is worked on once, and the second is done at once", async () => {
      const gate = Promise.withResolvers<Result>();
      const { queue, begun } = bench.started(() => gate.promise);
      queue.receive(bench.delivery({ ...MESSAGE }));
      queue.receive(bench.delivery({ ...MESSAGE, _msgid: "another", replayed: true, payload: { n: 1 } }));
      deepEqual(bench.ended, [[{ n: 1 }, undefined]]);
      gate.resolve(NOTHING);
      await turn();
      queue.receive(bench.delivery({ ...MESSAGE }));
      await turn();
      equal(bench.ended.length, 3);
      equal(begun.length, 1);
    });

    it("is worked on once across a restart", async () => {
      const first = bench.started(async () => NOTHING);
      first.queue.receive(bench.delivery({ ...MESSAGE }));
      await turn();
      await first.queue.close();
      bench.reopen();
      const second = bench.started(async () => NOTHING);
      second.queue.receive(bench.delivery({ ...MESSAGE }));
      await turn();
      deepEqual(second.begun, []);
      equal(bench.ended.length, 2);
    });

    it("is worked on once where it was still queued at the restart", async () => {
      bench.rig(async () => NOTHING).queue.receive(bench.delivery({ ...MESSAGE }));
      bench.reopen();
      const { queue, begun } = bench.started(async () => NOTHING);
      queue.receive(bench.delivery({ ...MESSAGE }));
      await turn();
      deepEqual(begun, [{ n: 1 }]);
      deepEqual(bench.jobs(), [{ state: "done" }]);
    });

    it("is other work at another node", async () => {
      const one = bench.started(async () => NOTHING);
      const other = bench.started(async () => NOTHING, { nodeId: "other" });
      one.queue.receive(bench.delivery({ ...MESSAGE }));
      other.queue.receive(bench.delivery({ ...MESSAGE }));
      await turn();
      equal(one.begun.length, 1);
      equal(other.begun.length, 1);
    });

    const different: [string, FlowMessage, FlowMessage][] = [
      ["another payload with the same hand-over", MESSAGE, { ...MESSAGE, payload: { n: 2 } }],
      ["the same payload with another hand-over", MESSAGE, { ...MESSAGE, handover: "s.2" }],
      ["another _msgid without a hand-over", { _msgid: "m1", payload: 1 }, { _msgid: "m2", payload: 1 }],
      ["the same _msgid with another payload", { _msgid: "m1", payload: 1 }, { _msgid: "m1", payload: 2 }],
      ["neither hand-over nor _msgid", { payload: 1 }, { payload: 1 }],
    ];
    for (const [what, one, other] of different) {
      it(`is other work with ${what}`, async () => {
        const { queue, begun } = bench.started(async () => NOTHING);
        queue.receive(bench.delivery(one));
        queue.receive(bench.delivery(other));
        await turn();
        equal(begun.length, 2);
      });
    }

    it("is known by its _msgid where it has no hand-over", async () => {
      const { queue, begun } = bench.started(async () => NOTHING);
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }));
      await turn();
      equal(begun.length, 1);
    });
  });

  describe("the sender's hand-over", () => {
    it("is answered by its id, and no other of the same subject", () => {
      const [mine, other] = [bench.air(), bench.air()];
      const { queue } = bench.started(async () => FOREVER);
      queue.receive(bench.delivery({ handover: mine, payload: 1 }, { subject: UPLOAD }));
      deepEqual(bench.handovers(), [
        { handover_id: mine, state: "taken" },
        { handover_id: other, state: "air" },
      ]);
    });

    it("is answered by kind and subject where the id was stripped", () => {
      const mine = bench.air();
      const [otherKind, otherSubject] = [bench.air("detected", "up_1"), bench.air("upload", "up_2")];
      const { queue } = bench.started(async () => FOREVER);
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }, { subject: UPLOAD }));
      deepEqual(bench.handovers(), [
        { handover_id: mine, state: "taken" },
        { handover_id: otherKind, state: "air" },
        { handover_id: otherSubject, state: "air" },
      ]);
    });

    it("is answered where the message is known already", async () => {
      const { queue } = bench.started(async () => NOTHING);
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }, { subject: UPLOAD }));
      await turn();
      const mine = bench.air();
      queue.receive(bench.delivery({ _msgid: "m1", payload: 1 }, { subject: UPLOAD }));
      deepEqual(bench.handovers(), [{ handover_id: mine, state: "taken" }]);
    });
  });

  describe("refusing", () => {
    const error = new InputError("BAD_PAYLOAD", "msg.payload.path is missing");

    it("writes a receipt and answers the hand-over, so that the message does not come back", async () => {
      const id = bench.air();
      const { queue, begun } = bench.started(async () => NOTHING);
      queue.refuse(bench.delivery({ handover: id, payload: 1, mine: 2 }), error);
      deepEqual(bench.jobs("state, code, error, msg, settled_ms"), [
        {
          state: "refused",
          code: "BAD_PAYLOAD",
          error: error.message,
          msg: null,
          settled_ms: bench.clock.now(),
        },
      ]);
      deepEqual(bench.handovers(), [{ handover_id: id, state: "taken" }]);
      deepEqual(bench.ended, [[1, error]]);
      await turn();
      await queue.close();
      bench.reopen();
      const next = bench.started(async () => NOTHING);
      await turn();
      deepEqual([...begun, ...next.begun], []);
      equal(next.queue.depth, 0);
    });

    it("tells of the same message once", () => {
      const { queue } = bench.started(async () => NOTHING);
      for (let n = 0; n < 2; n += 1) queue.refuse(bench.delivery({ handover: "s.1", payload: 1 }), error);
      deepEqual(bench.ended, [
        [1, error],
        [1, undefined],
      ]);
      equal(bench.jobs().length, 1);
    });
  });

  describe("receiveAndSettle", () => {
    const commit: Result["commit"] = (tables) => {
      tables.cameras.know("garden", AT);
      return [{ port: 0, topic: "garden", payload: 2, subject: UPLOAD }];
    };

    it("takes, works and sends in one transaction", () => {
      const id = bench.air();
      const { queue, sent, depths } = bench.started(async () => NOTHING);
      queue.receiveAndSettle(bench.delivery({ _msgid: "m1", handover: id, payload: 1 }, { subject: UPLOAD }), commit);
      const out = `${bench.store.session}.2`;
      deepEqual(sent, [{ port: 0, message: { _msgid: "m1", topic: "garden", payload: 2, handover: out } }]);
      deepEqual(bench.ended, [[1, undefined]]);
      deepEqual(bench.jobs("state, msg"), [{ state: "done", msg: null }]);
      deepEqual(bench.handovers(), [
        { handover_id: id, state: "taken" },
        { handover_id: out, state: "air" },
      ]);
      deepEqual(bench.store.cameras.ids(), ["garden"]);
      deepEqual(depths, [0]);
    });

    it("does the same message once, also after a restart", () => {
      let works = 0;
      const count: Result["commit"] = (tables) => {
        works += 1;
        return commit(tables);
      };
      const first = bench.started(async () => NOTHING);
      first.queue.receiveAndSettle(bench.delivery({ handover: "s.1", payload: 1 }), count);
      first.queue.receiveAndSettle(bench.delivery({ handover: "s.1", payload: 1 }), count);
      bench.reopen();
      const second = bench.started(async () => NOTHING);
      second.queue.receiveAndSettle(bench.delivery({ handover: "s.1", payload: 1 }), count);
      equal(works, 1);
      equal(bench.ended.length, 3);
      equal(first.sent.length, 1);
      deepEqual(second.sent, []);
    });

    it("takes nothing where the work throws", () => {
      const id = bench.air();
      const { queue, sent } = bench.started(async () => NOTHING);
      const settle = () =>
        queue.receiveAndSettle(bench.delivery({ handover: id, payload: 1 }), (tables) => {
          commit(tables);
          throw BUG;
        });
      throws(settle, /a bug/);
      deepEqual(bench.handovers(), [{ handover_id: id, state: "air" }]);
      deepEqual(bench.jobs(), []);
      deepEqual(bench.store.cameras.ids(), []);
      deepEqual(sent, []);
      deepEqual(bench.ended, []);
    });
  });

  it("acts without a message in one transaction", () => {
    const { queue, sent } = bench.started(async () => NOTHING);
    queue.act({ _msgid: "m1" }, () => [{ port: 0, topic: "t", payload: 2, subject: UPLOAD }]);
    const handover = `${bench.store.session}.1`;
    deepEqual(sent, [{ port: 0, message: { _msgid: "m1", topic: "t", payload: 2, handover } }]);
    throws(
      () =>
        queue.act({}, (tables) => {
          tables.cameras.know("garden", AT);
          throw BUG;
        }),
      /a bug/,
    );
    deepEqual(bench.store.cameras.ids(), []);
    equal(sent.length, 1);
  });
});
