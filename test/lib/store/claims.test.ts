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

  for (const what of ["gone", "superseded"] as const) {
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
