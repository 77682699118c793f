import { deepEqual, equal } from "node:assert/strict";
import type { EventRecord } from "../../../lib/domain/event.ts";
import { sumOf } from "../../../lib/store/costs.ts";
import type { Store } from "../../../lib/store/store.ts";
import { batchOf, eventOf, openStore, removeStores } from "./support.ts";

const DAY = { from: "2026-11-20T00:00:00.000Z", to: "2026-11-21T00:00:00.000Z" };

describe("CostSums", () => {
  let store: Store;

  beforeEach(() => {
    store = openStore();
  });

  afterEach(removeStores);

  let count = 0;
  const save = (changes: Partial<EventRecord>, node = "analyze") => {
    const event = eventOf(`ev_${++count}`, { latency_ms: 500, prompt_tokens: 100, completion_tokens: 10, ...changes });
    store.transaction((tables) => {
      tables.batches.adopt(batchOf(event.batch_id, []), 0);
      tables.events.save(node, event, false);
    });
    return event;
  };

  it("count what a model has answered, in the span, also where no token was counted", () => {
    save({});
    save({ prompt_tokens: null, completion_tokens: null, latency_ms: 1500 });
    save({ analysis: "rules", latency_ms: null });
    save({ created_at: DAY.to });
    save({ created_at: DAY.from, camera_id: "yard" });
    deepEqual(store.costs.ofCameras(null, DAY), [
      {
        camera_id: "front_door",
        analyses: 2,
        prompt_tokens: 100,
        completion_tokens: 10,
        cached_tokens: null,
        model_seconds: 2,
      },
      {
        camera_id: "yard",
        analyses: 1,
        prompt_tokens: 100,
        completion_tokens: 10,
        cached_tokens: null,
        model_seconds: 0.5,
      },
    ]);
    deepEqual(sumOf(store.costs.ofCameras(null, DAY)), {
      analyses: 3,
      prompt_tokens: 200,
      completion_tokens: 20,
      cached_tokens: null,
      model_seconds: 2.5,
    });
  });

  it("are sums of milliseconds, to the millisecond", () => {
    for (const [index, latency_ms] of [100, 200].entries()) save({ latency_ms, camera_id: `camera_${index}` });
    equal(sumOf(store.costs.ofCameras(null, DAY)).model_seconds, 0.3);
  });

  it("are a node's own where one is named", () => {
    for (const node of ["analyze", "analyze", "trial"]) save({}, node);
    equal(store.costs.analyses("analyze", DAY), 2);
    equal(store.costs.analyses("trial", DAY), 1);
    equal(store.costs.ofCameras("trial", DAY)[0]?.analyses, 1);
  });

  it("leave out what was judged elsewhere", () => {
    const event = eventOf("ev_else", { latency_ms: 500 });
    store.transaction((tables) => {
      tables.batches.adoptOf({ ...event, detections: [] }, 0);
      tables.events.adopt(event);
    });
    deepEqual(store.costs.ofCameras(null, DAY), []);
    equal(store.costs.ofEvent("ev_else").analyses, 0);
  });
});
