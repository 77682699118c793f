import { equal } from "node:assert/strict";
import type { Store } from "../../../lib/store/store.ts";
import { enterHanded, openStore, ROOT, removeStores, uploadOf } from "./support.ts";

describe("Pressure", () => {
  let store: Store;
  let keys = 0;

  beforeEach(() => {
    store = openStore(null);
    for (const id of ["up_1", "up_2"]) enterHanded(store, uploadOf(id));
    store.uploads.adopt(uploadOf("up_elsewhere"));
  });

  afterEach(removeStores);

  function queue(nodeId: string, subjectId: string): number {
    keys += 1;
    const receipt = { nodeId, stage: "detect", key: String(keys), subjectId, cameraId: "yard", priority: 0, now: 0 };
    return store.jobs.queue(receipt, "{}") ?? 0;
  }

  it("is the jobs queued at live nodes for what came from the root", () => {
    const done = queue("detect", "up_1");
    queue("detect", "up_1");
    queue("detect", "up_2");
    queue("other", "up_2");
    queue("removed", "up_1");
    queue("detect", "up_elsewhere");
    store.jobs.claim("detect", "me");
    equal(store.jobs.done(done, "me", 1), true);
    equal(store.pressure.queued(ROOT, ["detect", "other", "idle"], 64), 3);
    equal(store.pressure.queued(ROOT, ["detect"], 64), 2);
    equal(store.pressure.queued(ROOT, ["detect"], 1), 1);
    equal(store.pressure.queued(ROOT, [], 64), 0);
    equal(store.pressure.queued("/other", ["detect"], 64), 0);
  });

  it("is a node's own messages that have been in the air for a short time", () => {
    const send = (nodeId: string, now: number, state: "air" | "unclaimed" = "air") =>
      store.handovers.send(nodeId, 0, { kind: "upload", id: "up_1" }, "{}", now, state);
    for (const now of [999, 1_000, 2_000, 2_001]) send("watch", now);
    send("watch", 1_500, "unclaimed");
    send("other", 1_500);
    store.handovers.answer(send("watch", 1_500), null, 1_600);
    equal(store.pressure.aired("watch", { since: 1_000, until: 2_000 }, 64), 2);
    equal(store.pressure.aired("watch", { since: 1_000, until: 2_000 }, 1), 1);
  });
});
