import { deepEqual, equal, throws } from "node:assert/strict";
import type { Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, detectedOf, enterHanded, openStore, ROOT, removeStores, rows, uploadOf } from "./support.ts";

describe("Uploads", () => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
  });

  afterEach(removeStores);

  function states(): Record<string, unknown>[] {
    return rows(folder, "SELECT upload_id, state, reason, original_id FROM uploads ORDER BY upload_id");
  }

  describe("what became of a file", () => {
    beforeEach(() => {
      for (const id of ["up_1", "up_2", "up_3"]) enterHanded(store, uploadOf(id));
    });

    function stateOf(id: string): unknown {
      return states().find(({ upload_id }) => upload_id === id);
    }

    it("is a duplicate of another", () => {
      store.uploads.markDuplicate("up_2", "up_1", "dedupe");
      deepEqual(stateOf("up_2"), { upload_id: "up_2", state: "duplicate", reason: null, original_id: "up_1" });
      deepEqual(stateOf("up_1"), { upload_id: "up_1", state: "handed", reason: null, original_id: null });
    });

    it("is no duplicate of one that is not known", () => {
      throws(() => store.uploads.markDuplicate("up_2", "up_4", "dedupe"), { code: "SQLITE_CONSTRAINT_FOREIGNKEY" });
    });

    it("is superseded or gone", () => {
      store.uploads.end("up_1", "superseded");
      store.uploads.end("up_2", "gone");
      deepEqual(
        states().map(({ state }) => state),
        ["superseded", "gone", "handed"],
      );
    });

    it("is what was seen in it once it was looked at, even if another node looks for it too late", () => {
      store.inspections.add("detect", detectedOf("in_1", uploadOf("up_1")), AT);
      store.uploads.end("up_1", "gone");
      store.uploads.end("up_1", "superseded");
      deepEqual(stateOf("up_1"), { upload_id: "up_1", state: "handed", reason: null, original_id: null });
    });

    it("is what was seen in it, though a node called it a duplicate first", () => {
      store.uploads.markDuplicate("up_2", "up_1", "dedupe");
      store.uploads.reopen("up_2");
      deepEqual(stateOf("up_2"), { upload_id: "up_2", state: "handed", reason: null, original_id: null });
    });

    it("does not change after that", () => {
      store.uploads.end("up_2", "gone");
      store.uploads.end("up_2", "superseded");
      store.uploads.markDuplicate("up_2", "up_1", "dedupe");
      deepEqual(stateOf("up_2"), { upload_id: "up_2", state: "gone", reason: null, original_id: null });
    });
  });

  describe("adopt", () => {
    it("enters an upload from elsewhere, with its absolute path", () => {
      store.uploads.adopt(uploadOf("up_1"));
      deepEqual(rows(folder, "SELECT upload_id, root, path, state FROM uploads"), [
        { upload_id: "up_1", root: null, path: "/ftp/Front door/up_1.jpg", state: "handed" },
      ]);
    });

    it("leaves an upload that is known as it is", () => {
      const upload = uploadOf("up_1");
      enterHanded(store, upload);
      store.uploads.end("up_1", "gone");
      store.uploads.adopt({ ...upload, size: 7 });
      deepEqual(rows(folder, "SELECT root, size, state FROM uploads"), [{ root: ROOT, size: 1000, state: "gone" }]);
    });

    it("takes two uploads of one file: their senders know better", () => {
      store.uploads.adopt(uploadOf("up_1", { path: "/a.jpg" }));
      store.uploads.adopt(uploadOf("up_2", { path: "/a.jpg" }));
      equal(states().length, 2);
    });
  });

  describe("an original that comes to nothing", () => {
    beforeEach(() => {
      for (const id of ["up_1", "up_2", "up_3", "up_4"]) {
        enterHanded(store, uploadOf(id, { received_at: `2026-11-20T12:00:0${7 - Number(id.at(-1))}.000Z` }));
      }
      for (const id of ["up_2", "up_3", "up_4"]) store.uploads.markDuplicate(id, "up_1", `dedupe of ${id}`);
    });

    for (const what of ["gone", "superseded", "skipped"] as const) {
      it(`is ${what}: its first duplicate takes its place`, () => {
        store.uploads.end("up_1", what);
        deepEqual(store.uploads.bequeath("up_1"), {
          upload: uploadOf("up_4", { received_at: "2026-11-20T12:00:03.000Z" }),
          nodeId: "dedupe of up_4",
        });
        deepEqual(states(), [
          { upload_id: "up_1", state: what, reason: null, original_id: null },
          { upload_id: "up_2", state: "duplicate", reason: null, original_id: "up_4" },
          { upload_id: "up_3", state: "duplicate", reason: null, original_id: "up_4" },
          { upload_id: "up_4", state: "handed", reason: null, original_id: null },
        ]);
      });
    }

    it("keeps them while it is handed on", () => {
      store.inspections.add("detect", detectedOf("in_1", uploadOf("up_1")), AT);
      store.uploads.end("up_1", "gone");
      equal(store.uploads.bequeath("up_1"), null);
      deepEqual(
        states().map(({ original_id }) => original_id),
        [null, "up_1", "up_1", "up_1"],
      );
    });

    it("leaves nothing where it has no duplicates", () => {
      equal(store.uploads.bequeath("up_2"), null);
    });

    it("leaves them to its own original, where another node calls it a duplicate", () => {
      enterHanded(store, uploadOf("up_5"));
      store.uploads.markDuplicate("up_1", "up_5", "another dedupe");
      deepEqual(
        states().map(({ original_id }) => original_id),
        ["up_5", "up_5", "up_5", "up_5", null],
      );
    });
  });

  it("knows the file of an upload that a watch found", () => {
    enterHanded(store, uploadOf("up_1"));
    store.uploads.adopt(uploadOf("up_2"));
    deepEqual(store.uploads.fileOf("up_1"), { root: ROOT, path: "Front door/up_1.jpg" });
    equal(store.uploads.fileOf("up_2"), undefined);
    equal(store.uploads.fileOf("up_3"), undefined);
  });
});
