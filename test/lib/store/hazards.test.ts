import { deepEqual } from "node:assert/strict";
import type { Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { openStore, removeStores } from "./support.ts";

describe("Hazards", () => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
  });

  afterEach(removeStores);

  const unfinished = () => Object.fromEntries(store.hazards.unfinished());

  it("keeps what has begun until it ends, also over a restart", () => {
    store.hazards.begin("a", 1, 1_000);
    store.hazards.begin("b", 1, 1_000);
    store.hazards.begin("a", 2, 2_000);
    store.hazards.end("b");
    store.hazards.end("unknown");
    deepEqual(unfinished(), { a: 2 });
    store.close();
    store = openStore(folder);
    deepEqual(unfinished(), { a: 2 });
  });

  it("forgets what was last started long ago", () => {
    store.hazards.begin("old", 4, 1_000);
    store.hazards.begin("again", 1, 1_000);
    store.hazards.begin("again", 2, 2_000);
    store.hazards.purge(2_000);
    deepEqual(unfinished(), { again: 2 });
  });
});
