/** Batches and cameras for the analysis tests; each test names only what it is about. */
import type { Batch } from "../../../lib/domain/batch.ts";
import type { Camera } from "../../../lib/domain/camera.ts";
import type { Detection } from "../../../lib/domain/detection.ts";

/** A Friday, 14:30 in Paris. */
export const NOON = "2026-11-20T13:30:00.000Z";

export const camera: Camera = { camera_id: "front_door", name: "Front door", time_zone: "Europe/Paris" };

/** A small person in the middle of a 1000 × 500 frame. */
export function detection(changes: Partial<Detection> = {}): Detection {
  return {
    detection_id: "de_1",
    upload_id: "up_1",
    captured_at: NOON,
    offset_ms: 0,
    label: "person",
    confidence: 0.9,
    x: 480,
    y: 230,
    width: 40,
    height: 40,
    frame_width: 1000,
    frame_height: 500,
    ...changes,
  };
}

export function batch(detections: Detection[], changes: Partial<Batch> = {}): Batch {
  return {
    batch_id: "ba_1",
    camera_id: camera.camera_id,
    started_at: NOON,
    ended_at: "2026-11-20T13:30:20.000Z",
    close_reason: "idle",
    fast_path: false,
    detections,
    uploads: [],
    still_path: null,
    thumbnail_path: null,
    ...changes,
  };
}
