import { deepEqual } from "node:assert/strict";
import type { Upload } from "../../../lib/domain/upload.ts";
import { thingsOf } from "../../../lib/site/context/things.ts";
import { AT, batchOf, seen } from "./watched-site.ts";

const upload = (name: string, changes: Partial<Upload> = {}): Upload => ({
  upload_id: `up_${name}`,
  camera_id: "porch",
  path: `/uploads/${name}`,
  media_type: "image",
  size: 1,
  captured_at: AT,
  received_at: AT,
  sha256: "0".repeat(64),
  ...changes,
});
const later = (seconds: number) => new Date(Date.parse(AT) + seconds * 1000).toISOString();

describe("thingsOf", () => {
  it("has each thing once, by its clearest picture, the clearest thing first", () => {
    const [first, second] = [upload("a.jpg"), upload("b.jpg", { captured_at: later(4) })];
    const detections = [
      seen("car", first, { detection_id: "car", confidence: 0.9, x: 350 }),
      seen("person", first, { detection_id: "far", confidence: 0.5 }),
      seen("person", second, { detection_id: "near", confidence: 0.9 }),
    ];
    deepEqual(
      thingsOf({ ...batchOf(null, [first, second], detections), started_at: AT }).map(
        ({ detection, upload: of, group, at_s }) => [detection.detection_id, of.upload_id, group, at_s],
      ),
      [
        ["near", "up_b.jpg", "person", 4],
        ["car", "up_a.jpg", "vehicle", 0],
      ],
    );
  });

  it("has of a clip what is in the frame that was kept", () => {
    const clip = upload("a.mp4", { media_type: "video" });
    const detections = [
      seen("person", clip, { detection_id: "unclear", offset_ms: 0, confidence: 0.5 }),
      seen("car", clip, { detection_id: "elsewhere", offset_ms: 0, confidence: 0.5, x: 400 }),
      seen("person", clip, { detection_id: "kept", offset_ms: 2000, confidence: 0.9 }),
    ];
    const things = thingsOf({ ...batchOf(null, [clip], detections), started_at: AT });
    deepEqual(
      things.map(({ detection, at_s }) => [detection.detection_id, at_s]),
      [["kept", 2]],
    );
  });

  it("has a thing that no detector has a name for, and none of an upload that nobody knows", () => {
    const still = upload("a.jpg");
    const detections = [seen("motion", still), seen("person", upload("gone.jpg"))];
    deepEqual(
      thingsOf(batchOf(null, [still], detections)).map(({ group }) => group),
      ["other"],
    );
  });
});
