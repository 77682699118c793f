import { deepEqual, equal } from "node:assert/strict";
import { toIso, toMillis } from "../../../lib/domain/time.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import type { Store } from "../../../lib/store/store.ts";
import { AT, openStore, removeStores, sha, uploadOf } from "./support.ts";

const NODE = "dedupe";
const WINDOW_MS = 60_000;

describe("Claims", () => {
  let store: Store;

  beforeEach(() => {
    store = openStore(null);
  });

  afterEach(removeStores);

  /** An upload with the one content, received so many milliseconds after the first. */
  function upload(id: string, afterMs = 0, overrides: Partial<Upload> = {}): Upload {
    return uploadOf(id, { sha256: sha("content"), received_at: toIso(toMillis(AT) + afterMs), ...overrides });
  }

  function claim(claimed: Upload, nodeId = NODE): string | null {
    store.uploads.adopt(claimed);
    return store.claims.claim(nodeId, claimed, WINDOW_MS)?.upload_id ?? null;
  }

  const cases: [string, Upload, string | null][] = [
    ["the same content at the same time", upload("up_2"), "up_1"],
    ["the same content at the window's end", upload("up_2", WINDOW_MS), "up_1"],
    ["the same content just after the window", upload("up_2", WINDOW_MS + 1), null],
    ["the same content received earlier, but seen later", upload("up_2", -1_000), "up_1"],
    ["its own upload again", upload("up_1"), null],
    ["its own upload again, long after", upload("up_1", 10 * WINDOW_MS), null],
    ["other content", upload("up_2", 0, { sha256: sha("other") }), null],
    ["the same content of another camera", upload("up_2", 0, { camera_id: "garden" }), null],
  ];
  for (const [what, second, original] of cases) {
    it(`is asked for ${what}: ${original ?? "new"}`, () => {
      equal(claim(upload("up_1")), null);
      equal(claim(second), original);
    });
  }

  describe("of pictures that look alike", () => {
    const LIMIT = 4;

    /** A picture with content of its own that looks like this. */
    function look(id: string, hash: string | null, afterMs = 0, overrides: Partial<Upload> = {}, nodeId = NODE) {
      const seen = upload(id, afterMs, { sha256: sha(id), ...overrides });
      store.uploads.adopt(seen);
      return store.claims.claim(nodeId, seen, WINDOW_MS, hash === null ? null : { hash, limit: LIMIT });
    }
    const like = (upload_id: string, distance: number | null) => ({ upload_id, distance });

    const FIRST = "00000000000000ff";
    const cases: [what: string, hash: string | null, afterMs: number, distance: number | null][] = [
      ["looks the same", FIRST, 0, 0],
      ["differs in less", "000000000000007f", 1000, 1],
      ["differs in as many as the limit", "000000000000000f", 1000, 4],
      ["differs in one more", "0000000000000007", 1000, null],
      ["looks the same at the window's end", FIRST, WINDOW_MS, 0],
      ["looks the same just after the window", FIRST, WINDOW_MS + 1, null],
      ["looks the same, received earlier and seen later", FIRST, -1000, 0],
      ["cannot be told the looks of", null, 0, null],
    ];
    for (const [what, hash, afterMs, distance] of cases) {
      it(`is asked for one that ${what}: ${distance === null ? "new" : `${distance} bits away`}`, () => {
        equal(look("up_1", FIRST), null);
        deepEqual(look("up_2", hash, afterMs), distance === null ? null : like("up_1", distance));
      });
    }

    it("compares within a camera and a node only, and not with what was claimed without its looks", () => {
      look("up_1", FIRST);
      equal(look("up_2", FIRST, 0, { camera_id: "garden" }), null);
      equal(look("up_3", FIRST, 0, {}, "other"), null);
      look("up_4", null, 0, { camera_id: "porch" });
      equal(look("up_5", FIRST, 0, { camera_id: "porch" }), null);
    });

    it("calls the same content an exact duplicate, whatever it looks like", () => {
      look("up_1", FIRST);
      deepEqual(look("up_2", FIRST, 0, { sha256: sha("up_1") }), like("up_1", null));
      deepEqual(look("up_3", "ffffffffffffffff", 0, { sha256: sha("up_1") }), like("up_1", null));
    });

    it("compares with the first of a burst: a slow change does not go on unnoticed", () => {
      look("up_1", "0000000000000000");
      deepEqual(look("up_2", "0000000000000007", 1000), like("up_1", 3));
      deepEqual(look("up_3", "000000000000000f", 2000), like("up_1", 4));
      equal(look("up_4", "000000000000003f", 3000), null);
      deepEqual(look("up_5", "000000000000007f", 4000), like("up_4", 1));
    });

    it("answers the one that is most alike, the first of equals", () => {
      look("up_1", "000000000000001f");
      look("up_2", "0000000000000000", 1000);
      look("up_3", "00000000000003ff", 2000);
      deepEqual(look("up_4", "0000000000000003", 3000), like("up_2", 2));
      look("up_5", "0000000000000f00", 4000);
      deepEqual(look("up_6", "0000000000000300", 5000), like("up_2", 2));
    });

    it("lets an upload pass that comes again", () => {
      look("up_1", FIRST);
      equal(look("up_1", FIRST), null);
      equal(look("up_1", FIRST, 0, { sha256: sha("cut out of it") }), null);
    });

    for (const what of ["gone", "superseded", "skipped"] as const) {
      it(`does not compare with what is ${what}`, () => {
        look("up_1", FIRST);
        store.uploads.end("up_1", what);
        equal(look("up_2", FIRST, 1000), null);
        deepEqual(look("up_3", FIRST, 2000), like("up_2", 0));
      });
    }

    it("has an heir that only looks alike stand for the first of the burst, with its looks and its time", () => {
      look("up_1", "0000000000000000");
      look("up_1", "0000000000000000", 0, {}, "other");
      look("up_1", null, 0, {}, "by content only");
      const heir = upload("up_2", 1000, { sha256: sha("up_2") });
      store.uploads.adopt(heir);
      deepEqual(store.claims.passOn("up_1", heir).sort(), [NODE, "other"]);
      deepEqual(look("up_3", "000000000000000f", WINDOW_MS), like("up_2", 4));
      deepEqual(look("up_4", "000000000000000f", 0, { sha256: sha("up_2") }), like("up_2", null));
      deepEqual(look("up_5", "0000000000000000", 0, { sha256: sha("up_1") }), like("up_2", 0));
    });

    it("forgets and expires looks with the claims", () => {
      look("up_1", FIRST);
      store.claims.forget(NODE);
      equal(look("up_2", FIRST), null);
      store.claims.expire(toMillis(AT) + 1);
      equal(look("up_3", FIRST), null);
    });
  });

  it("is each node's own", () => {
    equal(claim(upload("up_1")), null);
    equal(claim(upload("up_2"), "other"), null);
    equal(claim(upload("up_3"), "other"), "up_2");
  });

  it("measures the window from the first upload, not from its duplicates", () => {
    claim(upload("up_1"));
    equal(claim(upload("up_2", WINDOW_MS)), "up_1");
    equal(claim(upload("up_3", WINDOW_MS + 1)), null);
    equal(claim(upload("up_4", 2 * WINDOW_MS + 1)), "up_3");
  });

  it("lets an upload pass again after its duplicates came", () => {
    claim(upload("up_1"));
    claim(upload("up_2"));
    equal(claim(upload("up_1")), null);
    equal(claim(upload("up_2")), "up_1");
  });

  it("lets everything pass but the same instant where the window is 0", () => {
    store.uploads.adopt(upload("up_1"));
    store.claims.claim(NODE, upload("up_1"), 0);
    equal(store.claims.claim(NODE, upload("up_2", 1), 0), null);
  });

  for (const what of ["gone", "superseded", "skipped"] as const) {
    it(`does not hold for an upload that is ${what}`, () => {
      claim(upload("up_1"));
      store.uploads.end("up_1", what);
      equal(claim(upload("up_2", 1_000)), null);
      equal(claim(upload("up_3", WINDOW_MS + 1)), "up_2");
    });
  }

  it("does not hold for an upload that is a duplicate itself", () => {
    claim(upload("up_1"));
    store.uploads.adopt(upload("up_2"));
    store.uploads.markDuplicate("up_1", "up_2", "other");
    equal(claim(upload("up_2")), null);
  });

  it("is taken over by another upload at all nodes, with the time of the first", () => {
    claim(upload("up_1"));
    claim(upload("up_1"), "other");
    claim(upload("up_2"), "third");
    deepEqual(store.claims.passOn("up_1", upload("up_2")).sort(), [NODE, "other"]);
    for (const node of [NODE, "other"]) equal(claim(upload("up_3", WINDOW_MS), node), "up_2");
    deepEqual(store.claims.passOn("up_1", upload("up_4")), []);
    equal(claim(upload("up_5", WINDOW_MS)), "up_2");
  });

  it("forgets what one node has claimed", () => {
    claim(upload("up_1"));
    claim(upload("up_1"), "other");
    store.claims.forget(NODE);
    equal(claim(upload("up_2")), null);
    equal(claim(upload("up_3"), "other"), "up_1");
  });

  it("drops claims from before a time", () => {
    claim(upload("up_1"));
    store.claims.expire(toMillis(AT));
    equal(claim(upload("up_2")), "up_1");
    store.claims.expire(toMillis(AT) + 1);
    equal(claim(upload("up_2")), null);
  });
});
