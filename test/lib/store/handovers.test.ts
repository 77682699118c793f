import { deepEqual, equal, ok } from "node:assert/strict";
import type { Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { openStore, removeStores, rows } from "./support.ts";

const NODE = "detect";
const SUBJECT = { kind: "detected", id: "in_1" } as const;
const NOW = 1_000_000;
const FAN_OUT_MS = 5_000;
/** Long after everything that was answered. */
const LATER = NOW + 1_000_000;

describe("Handovers", () => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
  });

  afterEach(removeStores);

  function send(id: string = SUBJECT.id, nodeId = NODE): string {
    return store.handovers.send(nodeId, 0, { kind: SUBJECT.kind, id }, `{"id":"${id}"}`, NOW);
  }

  function states(): Record<string, unknown> {
    return Object.fromEntries(
      rows(folder, "SELECT handover_id, state FROM handovers").map(({ handover_id, state }) => [handover_id, state]),
    );
  }

  function age(minutes: number, nodeId = NODE): number {
    let unclaimed = 0;
    for (let minute = 0; minute < minutes; minute += 1) unclaimed += store.handovers.age(nodeId);
    return unclaimed;
  }

  it("gives ids that never come again, not after a purge and not after a restart", () => {
    const ids = [send(), send()];
    for (const id of ids) store.handovers.answer(id, null, NOW);
    store.handovers.forgetTaken(NOW + 60_001);
    deepEqual(states(), {}, "all rows are gone");
    ids.push(send());
    store.close();
    store = openStore(folder);
    ids.push(send());
    equal(new Set(ids).size, ids.length);
  });

  it("does not use up what a rollback took back", () => {
    const ids: string[] = [];
    try {
      store.transaction(() => {
        ids.push(send());
        throw new Error("a bug");
      });
    } catch {
      ids.push(send());
    }
    equal(new Set(ids).size, 2);
    deepEqual(store.handovers.toResend(NODE, LATER), [ids[1]]);
  });

  it("keeps the message until it is answered", () => {
    const id = store.handovers.send(NODE, 2, SUBJECT, '{"payload":1}', NOW);
    deepEqual(store.handovers.get(id), { handover_id: id, port: 2, msg: '{"payload":1}' });
    deepEqual(store.handovers.toResend(NODE, LATER), [id]);
    equal(store.handovers.get("unknown.1"), undefined);
  });

  describe("answer", () => {
    it("takes the hand-over it names, and no other about the same", () => {
      const [one, other] = [send(), send()];
      store.handovers.answer(one, SUBJECT, NOW);
      deepEqual(states(), { [one]: "taken", [other]: "air" });
    });

    it("takes all about the subject where the id was stripped, and none about another", () => {
      const [one, other, third] = [send(), send(), send("in_2")];
      const batch = store.handovers.send(NODE, 0, { kind: "batch", id: "in_1" }, "{}", NOW);
      store.handovers.answer(null, SUBJECT, NOW);
      deepEqual(states(), { [one]: "taken", [other]: "taken", [third]: "air", [batch]: "air" });
    });

    it("takes nothing where the id is not ours", () => {
      const id = send();
      store.handovers.answer("from elsewhere", SUBJECT, NOW);
      store.handovers.answer(null, null, NOW);
      deepEqual(states(), { [id]: "air" });
    });

    it("keeps the time of the first answer", () => {
      const id = send();
      store.handovers.answer(id, null, NOW);
      store.handovers.answer(id, null, NOW + 9_000);
      deepEqual(rows(folder, "SELECT answered_ms FROM handovers"), [{ answered_ms: NOW }]);
    });

    it("takes what nobody had claimed for an hour, after all", () => {
      const id = send();
      age(60);
      store.handovers.answer(id, null, NOW);
      deepEqual(states(), { [id]: "taken" });
    });
  });

  describe("toResend", () => {
    it("lists what is in the air, oldest first, of this node only", () => {
      const ids = [send("in_1"), send("in_2"), send("in_3")];
      send("in_4", "other");
      deepEqual(store.handovers.toResend(NODE, LATER), ids);
    });

    it("lists what was answered in the last five seconds, for the other branch of a fan-out", () => {
      const [old, recent, air] = [send("in_1"), send("in_2"), send("in_3")];
      store.handovers.answer(old, null, NOW);
      store.handovers.answer(recent, null, NOW + 1);
      deepEqual(store.handovers.toResend(NODE, NOW + FAN_OUT_MS + 1), [recent, air]);
    });

    it("lists what was answered in the last five seconds before a restart, however long that took", () => {
      const [old, recent, last] = [send("in_1"), send("in_2"), send("in_3", "other")];
      store.handovers.answer(old, null, NOW);
      store.handovers.answer(recent, null, NOW + 1);
      store.handovers.answer(last, null, NOW + FAN_OUT_MS + 1);
      deepEqual(store.handovers.toResend(NODE, LATER), []);
      store.close();
      store = openStore(folder);
      deepEqual(store.handovers.toResend(NODE, LATER), [recent]);
    });

    it("still lists that when others are answered in the meantime", () => {
      const taken = send("in_1");
      store.handovers.answer(taken, null, NOW);
      store.close();
      store = openStore(folder);
      store.handovers.answer(send("in_2"), null, LATER);
      deepEqual(store.handovers.toResend(NODE, LATER + FAN_OUT_MS + 1), [taken]);
    });

    it("lists nothing that no Vigil node is wired to take, which is unclaimed at once", () => {
      const id = store.handovers.send(NODE, 0, SUBJECT, "{}", NOW, "unclaimed");
      deepEqual(store.handovers.toResend(NODE, NOW), []);
      deepEqual(states(), { [id]: "unclaimed" });
    });

    it("survives a restart", () => {
      const [taken, air] = [send("in_1"), send("in_2")];
      store.handovers.answer(taken, null, NOW);
      store.close();
      store = openStore(folder);
      deepEqual(store.handovers.toResend(NODE, LATER), [taken, air]);
    });
  });

  describe("age", () => {
    it("makes a message unclaimed after an hour of its producer's up-time", () => {
      const id = send();
      equal(age(59), 0);
      deepEqual(states(), { [id]: "air" });
      equal(age(1), 1);
      deepEqual(states(), { [id]: "unclaimed" });
      deepEqual(store.handovers.toResend(NODE, LATER), []);
      equal(age(1), 0, "once");
    });

    it("counts the minutes of all of the producer's runs together", () => {
      const id = send();
      age(59);
      store.close();
      store = openStore(folder);
      equal(age(1), 1);
      deepEqual(states(), { [id]: "unclaimed" });
    });

    it("does not count while only other nodes are up", () => {
      const id = send();
      age(100, "other");
      deepEqual(states(), { [id]: "air" });
    });

    it("leaves what was answered alone", () => {
      const id = send();
      store.handovers.answer(id, null, NOW);
      equal(age(100), 0);
      deepEqual(states(), { [id]: "taken" });
    });

    it("keeps an unclaimed message, so that it can be shown and adopted", () => {
      const id = send();
      age(60);
      equal(store.handovers.get(id)?.msg, '{"id":"in_1"}');
    });
  });

  describe("sendOverdue", () => {
    const sentAt = (at: number, state: "air" | "unclaimed" = "air", nodeId = NODE) =>
      store.handovers.send(nodeId, 0, SUBJECT, "{}", at, state);

    it("answers what was sent before then and is not answered, of this node only", () => {
      const [old, left] = [sentAt(NOW), sentAt(NOW, "unclaimed")];
      sentAt(LATER);
      sentAt(NOW, "air", "other");
      store.handovers.answer(sentAt(NOW), null, LATER);
      store.handovers.discard(NODE, sentAt(NOW));
      deepEqual(store.handovers.sendOverdue(NODE, LATER, LATER).sort(), [old, left].sort());
      equal(states()[left], "air");
    });

    it("answers it again only when it is overdue again", () => {
      const overdue = sentAt(NOW);
      equal(store.handovers.sendOverdue(NODE, LATER, LATER).length, 1);
      deepEqual(store.handovers.sendOverdue(NODE, LATER, LATER), []);
      deepEqual(store.handovers.sendOverdue(NODE, LATER + 1, LATER + 1), [overdue]);
    });

    it("answers a hundred at a time, the longest ago first", () => {
      const all = Array.from({ length: 150 }, (_, n) => sentAt(NOW - n));
      const first = store.handovers.sendOverdue(NODE, LATER, LATER);
      deepEqual(first.toSorted(), all.slice(50).toSorted());
      deepEqual(store.handovers.sendOverdue(NODE, LATER, LATER).toSorted(), all.slice(0, 50).toSorted());
    });

    it("does not hide that nobody has claimed a message for an hour", () => {
      const overdue = sentAt(NOW);
      age(59);
      store.handovers.sendOverdue(NODE, LATER, LATER);
      equal(age(1), 1);
      deepEqual(store.handovers.sendOverdue(NODE, LATER + 1, LATER + 1), [overdue]);
      equal(states()[overdue], "unclaimed");
      equal(store.handovers.countLeft(NODE), 1);
    });
  });

  describe("forgetting", () => {
    it("forgets a message that every branch has had time to take", () => {
      const id = send();
      store.handovers.answer(id, null, NOW);
      store.handovers.forgetTaken(NOW + 60_000);
      equal(store.handovers.get(id)?.handover_id, id, "not yet");
      store.handovers.forgetTaken(NOW + 60_001);
      deepEqual(states(), {});
    });

    it("forgets what was left open long ago, but not that an upload was", () => {
      const upload = store.handovers.send(NODE, 0, { kind: "upload", id: "up_1" }, "{}", NOW, "unclaimed");
      store.handovers.send(NODE, 0, { kind: "batch", id: "ba_1" }, "{}", NOW, "unclaimed");
      const young = store.handovers.send(NODE, 0, { kind: "batch", id: "ba_2" }, "{}", NOW + 1, "unclaimed");
      store.handovers.forgetOpen(NOW + 1);
      deepEqual(states(), { [upload]: "unclaimed", [young]: "unclaimed" });
      equal(store.handovers.get(upload), undefined, "its text is gone");
      ok(store.handovers.get(young));
    });

    it("touches nothing that is in the air, however old", () => {
      const [unclaimed, air] = [send("in_1"), send("in_2", "other")];
      age(60);
      store.handovers.forgetTaken(Number.MAX_SAFE_INTEGER);
      deepEqual(states(), { [unclaimed]: "unclaimed", [air]: "air" });
      store.handovers.forgetOpen(Number.MAX_SAFE_INTEGER);
      deepEqual(states(), { [air]: "air" });
      deepEqual(store.handovers.toResend("other", 0), [air]);
    });
  });
});
