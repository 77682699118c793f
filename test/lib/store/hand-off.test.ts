import { deepEqual, equal } from "node:assert/strict";
import { HandOff } from "../../../lib/store/hand-off.ts";
import { openStore, removeStores } from "./support.ts";

const SUBJECT = { kind: "upload", id: "up_1" } as const;
const NOW = 1_000_000;

describe("HandOff", () => {
  afterEach(removeStores);

  it("gives each output its own message, with the user's properties", () => {
    const store = openStore(null);
    const base = { _msgid: "m1", topic: "in", payload: 0, mine: { a: 1 }, handover: "s.1", replayed: true };
    const sent = store.transaction((tables) =>
      new HandOff({ nodeId: "watch", leadsOn: () => true, onDropped: () => {} }).prepare(
        tables,
        base,
        [
          { port: 0, topic: "out", payload: 1, properties: { filename: "a.jpg" }, subject: SUBJECT },
          { port: 1, topic: "out", payload: 2, subject: SUBJECT },
          { port: 2, topic: "out", payload: 3, subject: null },
        ],
        NOW,
      ),
    );
    const own = { _msgid: "m1", topic: "out", mine: { a: 1 } };
    deepEqual(sent, [
      { port: 0, message: { ...own, payload: 1, filename: "a.jpg", handover: `${store.session}.1` } },
      { port: 1, message: { ...own, payload: 2, handover: `${store.session}.2` } },
      { port: 2, message: { ...own, payload: 3 } },
    ]);
    equal(base.handover, "s.1", "the message it came from is left alone");
    deepEqual(store.handovers.toResend("watch", NOW), [`${store.session}.1`, `${store.session}.2`]);
  });

  it("sends a message again as it was, marked, with the same hand-over", () => {
    const store = openStore(null);
    const handOff = new HandOff({ nodeId: "watch", leadsOn: () => true, onDropped: () => {} });
    const [sent] = store.transaction((tables) =>
      handOff.prepare(
        tables,
        { _msgid: "m1", mine: 7, res: () => {} },
        [{ port: 1, topic: "t", payload: { a: 1 }, subject: SUBJECT }],
        NOW,
      ),
    );
    const handover = String(sent?.message.handover);
    deepEqual(handOff.again(store.handovers, handover), {
      port: 1,
      message: { _msgid: "m1", topic: "t", payload: { a: 1 }, mine: 7, handover, replayed: true },
    });
  });

  it("has nothing to send again once the message is forgotten", () => {
    const store = openStore(null);
    const handOff = new HandOff({ nodeId: "watch", leadsOn: () => true, onDropped: () => {} });
    const id = store.handovers.send("watch", 0, SUBJECT, "{}", NOW);
    store.handovers.answer(id, null, NOW);
    store.handovers.forgetTaken(NOW + 60_001);
    equal(handOff.again(store.handovers, id), undefined);
  });

  it("tells once of each property that cannot be kept", () => {
    const told: (readonly string[])[] = [];
    const handOff = new HandOff({ nodeId: "watch", leadsOn: () => true, onDropped: (places) => told.push(places) });
    const call = () => {};
    equal(handOff.journal({ payload: 1, req: call, res: call }), '{"payload":1}');
    handOff.journal({ payload: 1, res: call });
    handOff.journal({ payload: 1, res: call, socket: call });
    handOff.journal({ payload: 1 });
    deepEqual(told, [["req", "res"], ["socket"]]);
  });
});
