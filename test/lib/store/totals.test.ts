import { equal } from "node:assert/strict";
import { openStore, ROOT, removeStores, seenOf } from "./support.ts";

describe("Totals", () => {
  afterEach(removeStores);

  it("count the files that wait in folders that are watched, and no others", () => {
    const store = openStore(null);
    store.found.enter(seenOf("up_1"));
    store.found.enter(seenOf("up_2", { root: "/other" }));
    store.found.enter(seenOf("up_3", { root: "/unwatched" }));
    equal(store.totals.unfinished([]).found, 0);
    equal(store.totals.unfinished([ROOT, "/other", "/other"]).found, 2);
  });
});
