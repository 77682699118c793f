import { equal } from "node:assert/strict";
import type { Store } from "../../../lib/store/store.ts";
import { enterHanded, openStore, ROOT, removeStores, seenOf, uploadOf } from "./support.ts";

describe("Roots", () => {
  let store: Store;

  beforeEach(() => {
    store = openStore(null);
  });

  afterEach(removeStores);

  it("remember when each was watched first, until all that lay there has been entered", () => {
    store.roots.watch("/ftp", 1_000);
    store.roots.watch("/ftp", 2_000);
    store.roots.watch("/other", 2_000);
    equal(store.roots.oldBefore("/ftp"), 1_000);
    store.roots.markBaselined("/ftp");
    equal(store.roots.oldBefore("/ftp"), null);
    equal(store.roots.oldBefore("/other"), 2_000);
    equal(store.roots.oldBefore("/unknown"), null);
  });

  it("keep which folder each is", () => {
    store.roots.watch("/ftp", 1_000);
    equal(store.roots.identity("/ftp"), null);
    store.roots.recognise("/ftp", "1 2 3");
    equal(store.roots.identity("/ftp"), "1 2 3");
    equal(store.roots.identity("/other"), null);
  });

  it("have what lay in another folder entered, and not again what lay in the same one", () => {
    store.roots.watch("/ftp", 1_000);
    store.roots.markBaselined("/ftp");
    store.roots.recognise("/ftp", "1 2 3");
    equal(store.roots.oldBefore("/ftp"), null);
    store.roots.replace("/ftp", "4 5 6", null);
    equal(store.roots.identity("/ftp"), "4 5 6");
    equal(store.roots.oldBefore("/ftp"), 1_000);
    store.roots.replace("/ftp", "7 8 9", 2_000);
    equal(store.roots.oldBefore("/ftp"), 2_000);
  });

  it("hold files until all are known to be gone", () => {
    equal(store.roots.holdsFiles(ROOT), false);
    store.uploads.adopt(uploadOf("up_elsewhere"));
    equal(store.roots.holdsFiles(ROOT), false);
    store.found.enter(seenOf("up_1"));
    enterHanded(store, uploadOf("up_2"));
    equal(store.roots.holdsFiles(ROOT), true);
    store.found.gone("up_1");
    equal(store.roots.holdsFiles(ROOT), true);
    store.uploads.end("up_2", "gone");
    equal(store.roots.holdsFiles(ROOT), false);
  });
});
