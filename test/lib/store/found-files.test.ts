import { deepEqual, equal } from "node:assert/strict";
import type { FileVersion, NextFile } from "../../../lib/store/found-files.ts";
import type { Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, enterHanded, fileOf, openStore, ROOT, removeStores, rows, seenOf, uploadOf } from "./support.ts";

/** Above 2^53, where a number of JavaScript loses the last digits. */
const MTIME_NS = 1_795_521_600_123_456_789n;

const REJECTION = { cameraId: null, receivedAt: AT, reason: "TRUNCATED: the file ends early" };

const ALL: NextFile = { root: ROOT, sinceNs: -(2n ** 63n), after: "", except: [] };

describe("FoundFiles", () => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
  });

  afterEach(removeStores);

  const states = () => rows(folder, "SELECT upload_id, state, size FROM uploads ORDER BY upload_id");

  it("keep all that is known of a file that goes on, with the path as the folder has it", () => {
    const upload = uploadOf("up_1", { size: 2 ** 40 });
    equal(store.found.enter(seenOf("up_1", { cameraId: null, size: 1 })), true);
    equal(store.found.hand(upload, fileOf(upload, { mtimeNs: MTIME_NS })), true);
    deepEqual(rows(folder, "SELECT *, CAST(mtime_ns AS TEXT) AS mtime_ns FROM uploads"), [
      {
        ...upload,
        root: ROOT,
        path: "Front door/up_1.jpg",
        mtime_ns: String(MTIME_NS),
        state: "handed",
        reason: null,
        original_id: null,
        distance: null,
        suppressed_by: null,
        removed_at: null,
      },
    ]);
  });

  it("stay one upload while they grow", () => {
    equal(store.found.enter(seenOf("up_1", { size: 1, mtimeNs: 1n })), true);
    equal(store.found.enter(seenOf("up_later", { path: "Front door/up_1.jpg", size: 2, mtimeNs: 2n })), false);
    deepEqual(states(), [{ upload_id: "up_1", state: "found", size: 2 }]);
    equal(store.uploads.has(seenOf("up_1", { size: 2, mtimeNs: 2n })), true);
    equal(store.uploads.has(seenOf("up_1", { size: 1, mtimeNs: 1n })), false);
  });

  it("are another upload once the first was handed on", () => {
    enterHanded(store, uploadOf("up_1"));
    equal(store.found.enter(seenOf("up_2", { path: "Front door/up_1.jpg", size: 2000 })), true);
    equal(states().length, 2);
  });

  const ends: [string, (id: string) => void][] = [
    ["handed", (id) => store.found.hand(uploadOf(id), seenOf(id))],
    ["rejected", (id) => store.found.reject(id, seenOf(id), REJECTION)],
  ];
  for (const [state, end] of ends) {
    it(`are ${state} for good: neither a scan nor another end brings them back`, () => {
      store.found.enter(seenOf("up_1"));
      end("up_1");
      equal(store.found.enter(seenOf("up_1")), false);
      for (const [, other] of ends) other("up_1");
      store.found.gone("up_1");
      store.found.postpone("up_1");
      deepEqual(states(), [{ upload_id: "up_1", state, size: 1000 }]);
    });
  }

  it("that went away before their turn wait again when the same version is back", () => {
    store.found.enter(seenOf("up_1"));
    store.found.gone("up_1");
    equal(store.found.isEntered(seenOf("up_1")), false);
    equal(store.found.enter(seenOf("up_1")), true);
    equal(store.found.isEntered(seenOf("up_1")), true);
    deepEqual(states(), [{ upload_id: "up_1", state: "found", size: 1000 }]);
  });

  it("that went away wait again only once no other version waits under their path", () => {
    store.found.enter(seenOf("up_1"));
    store.found.gone("up_1");
    store.found.enter(seenOf("up_2", { path: "Front door/up_1.jpg", size: 2000 }));
    equal(store.found.enter(seenOf("up_1")), false);
    store.found.gone("up_2");
    equal(store.found.enter(seenOf("up_1")), true);
  });

  it("that went away after they were handed on stay gone", () => {
    enterHanded(store, uploadOf("up_1"));
    store.uploads.end("up_1", "gone");
    equal(store.found.isEntered(seenOf("up_1")), true);
    equal(store.found.enter(seenOf("up_1")), false);
  });

  it("that lay there before are passed over for good", () => {
    equal(store.found.enter(seenOf("up_1", { state: "baseline" })), true);
    equal(store.found.enter(seenOf("up_1")), false);
    deepEqual(states(), [{ upload_id: "up_1", state: "baseline", size: 1000 }]);
  });

  it("are gone where what lies there now is known as another upload", () => {
    const version = fileOf(uploadOf("up_1"));
    enterHanded(store, uploadOf("up_1"));
    const others: [string, number, () => boolean][] = [
      ["up_2", 5, () => store.found.hand(uploadOf("up_2"), version)],
      ["up_3", 6, () => store.found.reject("up_3", version, REJECTION)],
    ];
    for (const [id, size, end] of others) {
      store.found.enter(seenOf(id, { path: version.path, size }));
      equal(end(), false);
    }
    deepEqual(states(), [
      { upload_id: "up_1", state: "handed", size: 1000 },
      { upload_id: "up_2", state: "gone", size: 5 },
      { upload_id: "up_3", state: "gone", size: 6 },
    ]);
  });

  it("can be postponed, to be found again", () => {
    store.found.enter(seenOf("up_1"));
    store.found.postpone("up_1");
    deepEqual(states(), []);
    equal(store.found.enter(seenOf("up_1")), true);
  });

  describe("one version", () => {
    const others: [string, Partial<FileVersion>][] = [
      ["under another root", { root: "/other" }],
      ["with another name", { path: "Front door/UP_1.jpg" }],
      ["with another size", { size: 1001 }],
      ["written a nanosecond later", { mtimeNs: MTIME_NS + 1n }],
    ];
    for (const [what, difference] of others) {
      it(`is not the one ${what}`, () => {
        const file = seenOf("up_1", { mtimeNs: MTIME_NS, state: "baseline" });
        store.found.enter(file);
        equal(store.uploads.has(file), true);
        equal(store.uploads.has({ ...file, ...difference }), false);
        equal(store.found.enter({ ...file, ...difference, uploadId: "up_2" }), true);
      });
    }

    for (const mtimeNs of [0n, -1n, -(2n ** 63n), 2n ** 63n - 1n]) {
      it(`may have been written at ${mtimeNs} ns`, () => {
        equal(store.found.enter(seenOf("up_1", { mtimeNs })), true);
        equal(store.uploads.has(seenOf("up_1", { mtimeNs })), true);
        equal(store.found.next(ALL)?.upload_id, "up_1");
      });
    }
  });

  describe("whose turn it is", () => {
    beforeEach(() => {
      const files: [string, string | null, bigint][] = [
        ["a_new", "a", 30n],
        ["a_old", "a", 10n],
        ["b_old", "b", 20n],
        ["b_new", "b", 40n],
        ["c", "c", 5n],
        ["stray", null, 1n],
      ];
      for (const [id, cameraId, mtimeNs] of files) store.found.enter(seenOf(id, { cameraId, mtimeNs }));
      store.found.enter(seenOf("elsewhere", { root: "/other", cameraId: "a", mtimeNs: 1n }));
      store.found.enter(seenOf("old", { cameraId: "a", mtimeNs: 1n, state: "baseline" }));
      enterHanded(store, uploadOf("handed", { camera_id: "a" }));
    });

    /** The cameras take turns, with the first of them after the one that had the last turn. */
    function inTurn(next: Partial<NextFile>): string[] {
      const taken: string[] = [];
      const except = [...(next.except ?? [])];
      let { after = "" } = next;
      for (;;) {
        const file = store.found.next({ ...ALL, ...next, after, except });
        if (file === undefined) return taken;
        taken.push(file.upload_id);
        except.push(file.upload_id);
        after = file.camera_id ?? "";
      }
    }

    const turns: [string, Partial<NextFile>, string[]][] = [
      ["each camera's oldest, and what is of no camera", {}, ["a_old", "b_old", "c", "stray", "a_new", "b_new"]],
      ["first of the cameras after the last one", { after: "a" }, ["b_old", "c", "stray", "a_old", "b_new", "a_new"]],
      ["from the start after the last camera", { after: "c" }, ["stray", "a_old", "b_old", "c", "a_new", "b_new"]],
      ["what was written since a time", { sinceNs: 30n }, ["a_new", "b_new"]],
      ["what is not under way", { except: ["a_old", "c"] }, ["a_new", "b_old", "stray", "b_new"]],
      ["nothing of an unknown root", { root: "/unknown" }, []],
      ["nothing where all are under way", { except: ["a_old", "a_new", "b_old", "b_new", "c", "stray"] }, []],
    ];
    for (const [what, next, expected] of turns) {
      it(`is ${what}`, () => deepEqual(inTurn(next), expected));
    }

    it("is told with the camera and the path", () => {
      deepEqual(store.found.next(ALL), { upload_id: "a_old", camera_id: "a", path: "Front door/a_old.jpg" });
    });

    it("are counted", () => {
      equal(store.found.count(ROOT), 6);
      store.found.gone("c");
      equal(store.found.count(ROOT), 5);
    });
  });
});
