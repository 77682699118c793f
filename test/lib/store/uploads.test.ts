import { deepEqual, equal, throws } from "node:assert/strict";
import type { Store } from "../../../lib/store/store.ts";
import type { FileVersion, Unwanted } from "../../../lib/store/uploads.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, detectedOf, fileOf, openStore, ROOT, removeStores, rows, uploadOf } from "./support.ts";

/** Above 2^53, where a number of JavaScript loses the last digits. */
const MTIME_NS = 1_795_521_600_123_456_789n;

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

  function unwanted(uploadId: string, overrides: Partial<Unwanted> = {}): Unwanted {
    return {
      uploadId,
      root: ROOT,
      path: `Front door/${uploadId}.jpg`,
      size: 1000,
      mtimeNs: MTIME_NS,
      cameraId: null,
      mediaType: "image",
      receivedAt: AT,
      state: "rejected",
      reason: "TRUNCATED: the file ends early",
      ...overrides,
    };
  }

  it("keeps all that is known of a file, with the path as the folder has it", () => {
    const upload = uploadOf("up_1", { size: 2 ** 40 });
    equal(store.uploads.addHanded(upload, fileOf(upload, { mtimeNs: MTIME_NS })), true);
    deepEqual(rows(folder, "SELECT *, CAST(mtime_ns AS TEXT) AS mtime_ns FROM uploads"), [
      {
        ...upload,
        root: ROOT,
        path: "Front door/up_1.jpg",
        mtime_ns: String(MTIME_NS),
        state: "handed",
        reason: null,
        original_id: null,
        suppressed_by: null,
      },
    ]);
  });

  describe("the same file", () => {
    const upload = uploadOf("up_1");
    const file = fileOf(upload, { mtimeNs: MTIME_NS });

    it("is entered once, in whatever state", () => {
      equal(store.uploads.addHanded(upload, file), true);
      equal(store.uploads.addHanded(upload, file), false);
      equal(store.uploads.addHanded(uploadOf("up_other"), file), false);
      equal(store.uploads.addUnwanted({ ...unwanted("up_other"), ...file }), false);
      deepEqual(states(), [{ upload_id: "up_1", state: "handed", reason: null, original_id: null }]);
    });

    const others: [string, Partial<FileVersion>][] = [
      ["under another root", { root: "/other" }],
      ["with another name", { path: "Front door/UP_1.jpg" }],
      ["with another size", { size: 1001 }],
      ["written a nanosecond later", { mtimeNs: MTIME_NS + 1n }],
    ];
    for (const [what, difference] of others) {
      it(`is another one ${what}`, () => {
        const other = { ...file, ...difference };
        store.uploads.addHanded(upload, file);
        equal(store.uploads.has(file), true);
        equal(store.uploads.has(other), false);
        equal(store.uploads.addHanded(uploadOf("up_2", { size: other.size }), other), true);
        equal(store.uploads.has(other), true);
      });
    }

    for (const mtimeNs of [0n, -1n, 2n ** 63n - 1n]) {
      it(`may have been written at ${mtimeNs} ns`, () => {
        const odd = { ...file, mtimeNs };
        store.uploads.addHanded(upload, odd);
        equal(store.uploads.has(odd), true);
        equal(store.uploads.addHanded(uploadOf("up_2"), odd), false);
      });
    }
  });

  it("keeps the files it does not take, with the reason, so that they are not looked at again", () => {
    equal(store.uploads.addUnwanted(unwanted("up_1")), true);
    equal(store.uploads.addUnwanted(unwanted("up_2", { state: "baseline", reason: null, cameraId: "garden" })), true);
    equal(store.uploads.addUnwanted(unwanted("up_1")), false);
    equal(store.uploads.has(unwanted("up_1")), true);
    equal(store.uploads.has(unwanted("up_2")), true);
    deepEqual(states(), [
      { upload_id: "up_1", state: "rejected", reason: "TRUNCATED: the file ends early", original_id: null },
      { upload_id: "up_2", state: "baseline", reason: null, original_id: null },
    ]);
  });

  describe("what became of a file", () => {
    beforeEach(() => {
      for (const id of ["up_1", "up_2"]) store.uploads.addHanded(uploadOf(id), fileOf(uploadOf(id)));
    });

    function stateOf(id: string): unknown {
      return states().find(({ upload_id }) => upload_id === id);
    }

    it("is a duplicate of another", () => {
      store.uploads.markDuplicate("up_2", "up_1");
      deepEqual(stateOf("up_2"), { upload_id: "up_2", state: "duplicate", reason: null, original_id: "up_1" });
      deepEqual(stateOf("up_1"), { upload_id: "up_1", state: "handed", reason: null, original_id: null });
    });

    it("is no duplicate of one that is not known", () => {
      throws(() => store.uploads.markDuplicate("up_2", "up_3"), { code: "SQLITE_CONSTRAINT_FOREIGNKEY" });
    });

    it("is superseded or gone", () => {
      store.uploads.markSuperseded("up_1");
      store.uploads.markGone("up_2");
      deepEqual(
        states().map(({ state }) => state),
        ["superseded", "gone"],
      );
    });

    it("is what was seen in it once it was looked at, even if another node looks for it too late", () => {
      store.inspections.add("detect", detectedOf("in_1", uploadOf("up_1")), AT);
      store.uploads.markGone("up_1");
      store.uploads.markSuperseded("up_1");
      deepEqual(stateOf("up_1"), { upload_id: "up_1", state: "handed", reason: null, original_id: null });
    });

    it("does not change after that", () => {
      store.uploads.markGone("up_2");
      store.uploads.markSuperseded("up_2");
      store.uploads.markDuplicate("up_2", "up_1");
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
      store.uploads.addHanded(upload, fileOf(upload));
      store.uploads.markGone("up_1");
      store.uploads.adopt({ ...upload, size: 7 });
      deepEqual(rows(folder, "SELECT root, size, state FROM uploads"), [{ root: ROOT, size: 1000, state: "gone" }]);
    });

    it("takes two uploads of one file: their senders know better", () => {
      store.uploads.adopt(uploadOf("up_1", { path: "/a.jpg" }));
      store.uploads.adopt(uploadOf("up_2", { path: "/a.jpg" }));
      equal(states().length, 2);
    });
  });

  it("remembers when a root was watched first", () => {
    equal(store.uploads.watchRoot("/ftp", 1_000), 1_000);
    equal(store.uploads.watchRoot("/ftp", 2_000), 1_000);
    equal(store.uploads.watchRoot("/other", 2_000), 2_000);
    store.close();
    store = openStore(folder);
    equal(store.uploads.watchRoot("/ftp", 3_000), 1_000);
    store.uploads.markBaselined("/ftp");
    equal(store.uploads.watchRoot("/ftp", 4_000), null);
    equal(store.uploads.watchRoot("/other", 4_000), 2_000);
  });
});
