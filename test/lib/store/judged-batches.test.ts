import { deepEqual, equal } from "node:assert/strict";
import type { Batch } from "../../../lib/domain/batch.ts";
import type { Store } from "../../../lib/store/store.ts";
import { batchOf, eventOf, openStore, removeStores, uploadOf } from "./support.ts";

describe("JudgedBatches", () => {
  let store: Store;
  const batch: Batch = {
    ...batchOf("ba_ev_1", [uploadOf("up_1"), uploadOf("up_2")]),
    still_path: "/data/stills/1.jpg",
    similar_count: 3,
    merged: ["ba_0"],
    context: { zones: [{ zone: "gate" }], weather: "rain" },
  };

  beforeEach(() => {
    store = openStore();
    store.batches.adopt(batch, 0);
    store.events.save("analyze", eventOf("ev_1"), false);
  });

  afterEach(removeStores);

  it("have all of the batch, with its context and what was merged into it", () => {
    store.judged.keep("ev_1", batch);
    deepEqual(store.judged.get("ev_1"), batch);
  });

  it("are those of the newest revision", () => {
    store.judged.keep("ev_1", batch);
    store.judged.keep("ev_1", { ...batch, detections: [] });
    deepEqual(store.judged.get("ev_1")?.detections, []);
  });

  it("leave out of the context what is not plain", () => {
    store.judged.keep("ev_1", { ...batch, context: { at: new Date(0), socket: () => {}, weather: "rain" } });
    deepEqual(store.judged.get("ev_1")?.context, { weather: "rain" });
  });

  it("are not there for an event from elsewhere", () => {
    equal(store.judged.get("ev_1"), undefined);
  });
});
