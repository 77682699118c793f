import { deepEqual, equal } from "node:assert/strict";
import type { Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, detectedOf, openStore, removeStores, rows, sha, uploadOf } from "./support.ts";

const NODE = "detect";

describe("Inspections", () => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
    store.uploads.adopt(uploadOf("up_1"));
  });

  afterEach(removeStores);

  const upload = uploadOf("up_1");

  it("keeps an inspection and its detections, in the order the detector gave", () => {
    const detected = detectedOf("in_1", upload, [0.5, 0.9]);
    equal(store.inspections.add(NODE, detected, AT), true);
    deepEqual(rows(folder, "SELECT * FROM inspections"), [
      {
        inspection_id: "in_1",
        upload_id: "up_1",
        node_id: NODE,
        sha256: sha("up_1"),
        outcome: "seen",
        frame_width: 1920,
        frame_height: 1080,
        still_path: upload.path,
        thumbnail_path: "/data/thumbnails/in_1.jpg",
        duration_ms: null,
        video_codec: null,
        mime_type: null,
        detector: "http://detector",
        inference_ms: 12.5,
        inspected_at: AT,
      },
    ]);
    deepEqual(
      rows(folder, "SELECT * FROM detections ORDER BY n"),
      detected.detections.map(({ upload_id, frame_width, frame_height, ...own }, n) => ({
        ...own,
        inspection_id: "in_1",
        n,
      })),
    );
  });

  it("keeps what a clip is", () => {
    const clip = { duration_ms: 4_200, codec: "h264", mime_type: "video/mp4" };
    store.inspections.add(NODE, { ...detectedOf("in_1", upload), clip }, AT);
    deepEqual(rows(folder, "SELECT duration_ms, video_codec, mime_type FROM inspections"), [
      { duration_ms: 4_200, video_codec: "h264", mime_type: "video/mp4" },
    ]);
  });

  it("keeps that nothing was seen, and that the detector does not say how long it took", () => {
    store.inspections.add(NODE, { ...detectedOf("in_1", upload, []), inference_ms: null }, AT);
    deepEqual(rows(folder, "SELECT outcome, thumbnail_path, inference_ms FROM inspections"), [
      { outcome: "nothing", thumbnail_path: null, inference_ms: null },
    ]);
  });

  it("takes an inspection once", () => {
    store.inspections.add(NODE, detectedOf("in_1", upload), AT);
    equal(store.inspections.add(NODE, detectedOf("in_1", upload, [0.1, 0.2]), AT), false);
    equal(rows(folder, "SELECT 1 FROM detections").length, 1);
  });

  it("takes one for each upload, node and content", () => {
    store.inspections.add(NODE, detectedOf("in_1", upload), AT);
    equal(store.inspections.add(NODE, detectedOf("in_2", upload), AT), false, "the same");
    equal(store.inspections.add("other", detectedOf("in_3", upload), AT), true, "another node may disagree");
    const changed = { ...upload, sha256: sha("changed") };
    equal(store.inspections.add(NODE, detectedOf("in_4", changed), AT), true, "other content");
    equal(rows(folder, "SELECT 1 FROM inspections").length, 3);
  });
});
