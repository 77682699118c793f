import { deepEqual, equal } from "node:assert/strict";
import { startMaintenance } from "../../../lib/store/maintenance.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { openWithConnection, removeStores } from "./support.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

describe("startMaintenance", () => {
  afterEach(removeStores);

  function start() {
    const clock = new FakeClock();
    const { store, connection } = openWithConnection(null);
    const errors: unknown[] = [];
    const stop = startMaintenance(store, clock, (error) => errors.push(error));
    const count = (table: string) => connection.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    return { clock, store, connection, errors, stop, count };
  }

  it("deletes receipts a week after the work ended, and nothing that still waits", () => {
    const { clock, store, errors, count } = start();
    const receipt = { nodeId: "n", stage: "s", subjectId: null, cameraId: "", priority: 0, now: clock.now() };
    const [done, dead] = ["done", "dead", "queued"].map((key) => store.jobs.queue({ ...receipt, key }, "{}"));
    store.jobs.claim("n", "owner");
    store.jobs.done(Number(done), "owner", clock.now());
    store.jobs.dead(Number(dead), "owner", "CODE", "error", clock.now());
    store.jobs.refuse({ ...receipt, key: "refused" }, "CODE", "error");
    const taken = store.handovers.send("n", 0, { kind: "upload", id: "up_1" }, "{}", clock.now());
    store.handovers.answer(taken, null, clock.now());
    store.handovers.send("n", 0, { kind: "upload", id: "up_2" }, "{}", clock.now());
    store.hazards.begin("poison", 5, clock.now());

    clock.advance(2 * MINUTE_MS);
    equal(count("handovers"), 1, "the one in the air");
    clock.advance(7 * DAY_MS - 2 * MINUTE_MS);
    equal(count("work"), 4);
    equal(count("hazards"), 1);
    clock.advance(HOUR_MS);
    equal(count("work"), 3, "the queued, the dead and the refused one");
    equal(store.jobs.count("n", "queued"), 1);
    equal(count("handovers"), 1);
    equal(count("hazards"), 0);
    deepEqual(errors, []);
  });

  it("deletes many receipts in pieces, with a rest after each", () => {
    const { clock, store, errors, count } = start();
    const receipt = { nodeId: "n", stage: "s", subjectId: null, cameraId: "", priority: 0, now: clock.now() };
    store.transaction(({ jobs }) => {
      for (let i = 0; i < 2_500; i++) jobs.settleAtOnce({ ...receipt, key: `${i}` });
      jobs.queue({ ...receipt, key: "waits" }, "{}");
    });
    clock.advance(7 * DAY_MS + HOUR_MS - 1);
    equal(count("work"), 2_501);
    clock.advance(1);
    equal(count("work"), 1_501);
    clock.advance(MINUTE_MS);
    equal(count("work"), 1, "the queued one");
    deepEqual(errors, []);
  });

  it("forgets nothing of what is old while the wall clock is not steady", () => {
    const { clock, store } = start();
    const id = store.handovers.send("n", 0, { kind: "batch", id: "ba_1" }, "{}", clock.now(), "unclaimed");
    clock.setWall(clock.now() + 30 * DAY_MS);
    clock.advance(HOUR_MS);
    equal(store.handovers.get(id)?.handover_id, id, "it may have jumped");
    clock.setWall(clock.now() - 30 * DAY_MS);
    clock.advance(3 * HOUR_MS);
    equal(store.handovers.get(id)?.handover_id, id);
  });

  it("goes on after the store has failed, and tells of each failure", () => {
    const { clock, connection, errors, store } = start();
    const id = store.handovers.send("n", 0, { kind: "upload", id: "up_1" }, "{}", clock.now());
    store.handovers.answer(id, null, clock.now());
    connection.pragma("query_only = ON");
    clock.advance(2 * MINUTE_MS);
    equal(errors.length, 2);
    equal(store.handovers.get(id)?.handover_id, id);
    connection.pragma("query_only = OFF");
    clock.advance(MINUTE_MS);
    equal(errors.length, 2);
    equal(store.handovers.get(id), undefined, "it is forgotten");
  });

  it("stops", () => {
    const { clock, stop } = start();
    clock.advance(MINUTE_MS);
    stop();
    equal(clock.pending, 0);
  });
});
