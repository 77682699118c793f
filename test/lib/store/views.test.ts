import { deepEqual, equal } from "node:assert/strict";
import type { View, Watch } from "../../../lib/domain/view.ts";
import { Store } from "../../../lib/store/store.ts";

describe("Views", () => {
  let store: Store;

  beforeEach(() => {
    store = Store.open(null);
  });
  afterEach(() => store.close());

  const view = (changes: Partial<View> = {}): View => ({
    camera_id: "porch",
    light: "day",
    width: 3,
    height: 1,
    levels: Uint16Array.of(0, 300, 65_280),
    votes: 1,
    learnt_ms: 1,
    ...changes,
  });
  const keep = (kept: View) => store.transaction((tables) => tables.views.keep(kept));
  const watch: Watch = {
    camera_id: "porch",
    last_at: "2026-11-20T12:00:00.000Z",
    blocked: 0,
    moved: 2,
    defocused: 0,
    differs_ms: 5,
    repeats: 0,
    repeats_ms: 7,
    repeated_ms: 7,
    sha256: "a",
    middle: "b",
    day_ms: null,
    told: null,
  };

  it("gives back what was kept, the newest of each light and shape", () => {
    keep(view());
    keep(view({ light: "night", votes: 3 }));
    keep(view({ votes: 2, levels: Uint16Array.of(1, 2, 3) }));
    deepEqual(store.views.ofShape({ camera_id: "porch", width: 3, height: 1 }), [
      view({ votes: 2, levels: Uint16Array.of(1, 2, 3) }),
      view({ light: "night", votes: 3 }),
    ]);
    deepEqual(store.views.ofShape({ camera_id: "porch", width: 1, height: 3 }), []);
    equal(store.views.votesFor("porch"), 3);
    equal(store.views.votesFor("yard"), 0);
  });

  it("keeps the views of few shapes, those learnt last, and of each camera its own", () => {
    keep(view({ camera_id: "yard" }));
    for (let height = 1; height <= 10; height++) keep(view({ height, learnt_ms: height }));
    const kept = [1, 4, 5, 10].map((height) => store.views.ofShape({ camera_id: "porch", width: 3, height }).length);
    deepEqual(kept, [0, 0, 1, 1]);
    equal(store.views.ofShape({ camera_id: "yard", width: 3, height: 1 }).length, 1);
  });

  it("counts a copy of the last picture, and of no other", () => {
    store.transaction((tables) => tables.views.setWatch(watch));
    const copy = (sha256: string, captured_at: string) =>
      store.transaction((tables) => tables.views.repeat({ camera_id: "porch", sha256, captured_at }, 90));
    copy("c", "2026-11-20T12:01:00.000Z");
    copy("a", "2026-11-20T12:00:00.000Z");
    deepEqual(store.views.watches(), [watch]);
    copy("a", "2026-11-20T12:02:00.000Z");
    deepEqual(store.views.watchOf("porch"), {
      ...watch,
      last_at: "2026-11-20T12:02:00.000Z",
      repeats: 1,
      repeated_ms: 90,
    });
  });

  it("forgets all of a camera, and brings times back that lie ahead", () => {
    store.transaction((tables) => tables.views.setWatch(watch));
    keep(view({ learnt_ms: 100 }));
    store.clampTimes(6);
    equal(store.views.watchOf("porch")?.repeats_ms, 6);
    equal(store.views.watchOf("porch")?.differs_ms, 5);
    equal(store.views.ofShape(view())[0]?.learnt_ms, 6);
    store.transaction((tables) => tables.views.forget("porch"));
    equal(store.views.watchOf("porch"), null);
    equal(store.views.votesFor("porch"), 0);
  });
});
