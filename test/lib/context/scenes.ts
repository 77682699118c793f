/** Detections and zones for tests. */
import type { Detection } from "../../../lib/domain/detection.ts";
import { toIso } from "../../../lib/domain/time.ts";
import { Zone } from "../../../lib/domain/zone.ts";

export const START = Date.parse("2026-11-20T12:00:00.000Z");

let count = 0;

/** A person in the middle of a frame of 1000 by 1000, unless said otherwise. */
export function detectionOf(changes: Partial<Detection> = {}): Detection {
  count += 1;
  return {
    detection_id: `de_${count}`,
    upload_id: `up_${count}`,
    captured_at: toIso(START),
    offset_ms: 0,
    label: "person",
    confidence: 0.9,
    x: 450,
    y: 400,
    width: 100,
    height: 200,
    frame_width: 1000,
    frame_height: 1000,
    ...changes,
  };
}

/** A person who stands at these shares of the frame, so many seconds from the start. */
export function personAt(x: number, y: number, seconds: number, changes: Partial<Detection> = {}): Detection {
  return detectionOf({
    x: x * 1000 - 50,
    y: y * 1000 - 200,
    captured_at: toIso(START + seconds * 1000),
    ...changes,
  });
}

/** The right half of the frame, unless said otherwise. */
export function zoneOf(changes: Partial<Zone> = {}): Zone {
  return Zone.parse({
    zone_id: "drive",
    camera_id: "front_door",
    name: "Drive",
    type: "driveway",
    points: [
      [0.5, 0],
      [1, 0],
      [1, 1],
      [0.5, 1],
    ],
    ...changes,
  });
}
