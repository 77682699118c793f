/** Batches and cameras for the analysis tests; each test names only what it is about. */
import { TIERS, type Tier } from "../../../lib/analyze/prompts/sections.ts";
import type { Batch } from "../../../lib/domain/batch.ts";
import type { Camera } from "../../../lib/domain/camera.ts";
import type { Detection } from "../../../lib/domain/detection.ts";
import type { Upload } from "../../../lib/domain/upload.ts";

/** A Friday, 14:30 in Paris. */
export const NOON = "2026-11-20T13:30:00.000Z";

export const camera: Camera = {
  camera_id: "front_door",
  name: "Front door",
  time_zone: "Europe/Paris",
  purpose: "",
};

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

/** A still of the front door. */
export function upload(upload_id: string, changes: Partial<Upload> = {}): Upload {
  return {
    upload_id,
    camera_id: camera.camera_id,
    path: `/uploads/${upload_id}.jpg`,
    media_type: "image",
    size: 1000,
    captured_at: NOON,
    received_at: NOON,
    sha256: "0".repeat(64),
    ...changes,
  };
}

/** What enrichment may know of an event, for each tier of prompt that tells it; made up, in shapes that are likely. */
const CONTEXTS: Readonly<Record<Tier, NonNullable<Batch["context"]>>> = {
  basic: {},
  enriched: {
    zones: [
      { name: "Driveway", kind: "driveway", detections: 4, seconds: 12.5 },
      { name: "Front door", kind: "entry_point", detections: 2, seconds: 6 },
    ],
    baseline: { expected: 0.4, seen: 3, unusual: true, probability: 0.012345, note: "few people at this hour" },
    cross_camera: [{ camera: "Garden", labels: ["person"], seconds_before: 40 }],
    household: { at_home: ["Anna"], alarm: "armed_home", front_door_open: false },
  },
  vision: {
    entities: [
      { name: "Courier in yellow", trust: "unknown", similarity: 0.91, last_seen: "2026-11-18T09:12:00.000Z" },
    ],
    scene: { view: "as always", similarity: 0.97 },
    attributes: {
      text: [{ kind: "plate", read: "B AN 1234", confidence: 0.88 }],
      caption: ["A person with a parcel walks to the door."],
    },
  },
  attributes: {
    attributes: {
      depth: [{ label: "person", metres: 4.2 }],
      pose: [{ label: "person", posture: "walking" }],
      action: [{ label: "person", doing: "carrying something" }],
      pet: [{ kind: "dog", confidence: 0.9 }],
      image_quality: { sharp: true, note: "some noise" },
      weather: { sky: "overcast", rain: false },
      vehicle_damage: [{ label: "car", damage: "scratch", confidence: 0.4 }],
      vehicle_class: [{ label: "car", kind: "pickup_truck", colour: "grey" }],
      clothing: [{ label: "person", wears: "yellow jacket" }],
      violence: { confidence: 0.03, note: "none" },
      sound: "a door bell",
    },
  },
};

/** The same with all that the tiers before it tell. */
export function contextOf(tier: Tier): NonNullable<Batch["context"]> {
  const told = TIERS.slice(0, TIERS.indexOf(tier) + 1).map((each) => CONTEXTS[each]);
  const attributes = Object.assign({}, ...told.map((context) => context.attributes));
  return Object.assign({}, ...told, Object.keys(attributes).length > 0 && { attributes });
}
