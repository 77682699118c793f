import { deepEqual, equal } from "node:assert/strict";
import { AiredMessages } from "../../../lib/store/aired-messages.ts";
import { HandOff, type Sent } from "../../../lib/store/hand-off.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { openStore, removeStores } from "./support.ts";

describe("AiredMessages", () => {
  afterEach(removeStores);

  function make() {
    const store = openStore(null);
    const clock = new FakeClock();
    const sent: Sent[] = [];
    const unclaimed: number[] = [];
    const aired = new AiredMessages({
      store,
      clock,
      handOff: new HandOff({ nodeId: "watch", leadsOn: () => true, onDropped: () => {} }),
      nodeId: "watch",
      send: (messages) => sent.push(...messages),
      onUnclaimed: (count) => unclaimed.push(count),
      onError: (error) => {
        throw error;
      },
    });
    const air = (id: string) =>
      store.handovers.send("watch", 0, { kind: "upload", id }, `{"payload":"${id}"}`, clock.now());
    return { store, clock, sent, unclaimed, aired, air };
  }

  it("sends again what was due, in its order, and leaves out what was answered and forgotten meanwhile", async () => {
    const { store, clock, sent, aired, air } = make();
    const ids = Array.from({ length: 120 }, (_, n) => air(`up_${n}`));
    const due = aired.due();
    air("later");
    store.handovers.answer(ids[1] ?? null, null, clock.now());
    store.handovers.forgetTaken(clock.now() + 60_001);
    await aired.resend(due);
    deepEqual(
      sent.map(({ message }) => message.handover),
      ids.filter((_, n) => n !== 1),
    );
  });

  it("gives up after an hour of up-time, and says so once", () => {
    const { clock, unclaimed, aired, air } = make();
    air("up_1");
    aired.startAging();
    clock.advance(59 * 60_000);
    deepEqual(unclaimed, []);
    clock.advance(5 * 60_000);
    deepEqual(unclaimed, [1]);
  });

  it("stops for good when it is closed, also by a start that ends later", async () => {
    const { clock, sent, aired, air } = make();
    air("up_1");
    const due = aired.due();
    aired.close();
    aired.startAging();
    await aired.resend(due);
    deepEqual(sent, []);
    equal(clock.pending, 0);
  });
});
