/** What a home with five cameras sees one after the other: made up, the same every time, and no two events alike. */
import type { Batch } from "../lib/domain/batch.ts";
import type { Camera } from "../lib/domain/camera.ts";
import type { Detection } from "../lib/domain/detection.ts";
import { toIso, toMillis } from "../lib/domain/time.ts";
import { Dice } from "../test/faults/dice.ts";

export interface HomeEvent {
  readonly camera: Camera;
  /** With the context of an enriched prompt. */
  readonly batch: Batch;
}

interface Place {
  readonly id: string;
  readonly name: string;
  readonly purpose: string;
  readonly labels: readonly string[];
  readonly zones: readonly (readonly [name: string, kind: string])[];
}

/** What their owner says of them. */
export const HOUSEHOLD =
  "Anna and Ben live here with two children.\nA grey estate car, a black dog.\nThe cleaner comes on Tuesdays.";

const SEED = 11;
const BEGAN = "2026-11-20T06:10:00.000Z";
const FRAME = { frame_width: 1920, frame_height: 1080 };
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const RECENT_MS = 30 * MINUTE_MS;
const RECENT_EVENTS = 4;
const PEOPLE = ["Anna", "Ben", "Carla", "David"];
const NOTES = ["as on most days", "few people at this hour", "rarely anything at this hour", "busier than usual"];

const PLACES: readonly Place[] = [
  {
    id: "front_door",
    name: "Front door",
    purpose: "The path to the door and the letter box; couriers come in the morning.",
    labels: ["person", "person", "dog", "backpack"],
    zones: [
      ["Front door", "entry_point"],
      ["Path", "path"],
      ["Pavement", "public"],
    ],
  },
  {
    id: "driveway",
    name: "Driveway",
    purpose: "The drive with our grey estate car, and a piece of the street.",
    labels: ["car", "car", "person", "truck", "bicycle"],
    zones: [
      ["Driveway", "driveway"],
      ["Street", "public"],
    ],
  },
  {
    id: "garden",
    name: "Garden",
    purpose: "Lawn and shed behind the house; the children play here after school.",
    labels: ["cat", "person", "bird", "dog"],
    zones: [
      ["Lawn", "yard"],
      ["Shed", "entry_point"],
      ["Terrace", "yard"],
    ],
  },
  {
    id: "garage",
    name: "Garage",
    purpose: "",
    labels: ["car", "person"],
    zones: [["Garage door", "entry_point"]],
  },
  {
    id: "back_door",
    name: "Back door",
    purpose: "The kitchen door. Nobody but us comes this way.",
    labels: ["person", "cat"],
    zones: [
      ["Back door", "entry_point"],
      ["Side path", "path"],
    ],
  },
];

/** So many events in their order, over as many hours as it takes. */
export function homeEvents(count: number): HomeEvent[] {
  const dice = new Dice(SEED);
  const events: HomeEvent[] = [];
  let began = toMillis(BEGAN);
  let household = { at_home: PEOPLE, alarm: "disarmed", front_door_open: false };
  for (let n = 0; n < count; n++) {
    began += dice.whole(1, 25) * MINUTE_MS + dice.whole(0, 59) * SECOND_MS;
    if (dice.chance(0.15)) {
      const at_home = PEOPLE.filter(() => dice.chance(0.6));
      household = { at_home, alarm: at_home.length > 0 ? "disarmed" : "armed_away", front_door_open: dice.chance(0.2) };
    }
    const place = dice.pick(PLACES);
    const detections = detectionsAt(place, n, began, dice);
    const context = {
      zones: zonesOf(place, detections.length, dice),
      baseline: baselineOf(dice),
      cross_camera: crossCamera(events, place, began),
      household,
    };
    events.push({ camera: cameraOf(place), batch: batchOf(n, place, detections, context) });
  }
  return events;
}

function cameraOf({ id, name, purpose }: Place): Camera {
  return { camera_id: id, name, time_zone: "Europe/Paris", purpose };
}

function detectionsAt(place: Place, event: number, began: number, dice: Dice): Detection[] {
  let at = began;
  return Array.from({ length: dice.whole(1, 12) }, (_, n) => {
    at += dice.whole(0, 6) * SECOND_MS;
    const [width, height] = [dice.whole(30, 500), dice.whole(40, 700)];
    return {
      detection_id: `de_${event}_${n}`,
      upload_id: `up_${event}_${n}`,
      captured_at: toIso(at),
      offset_ms: 0,
      label: dice.pick(place.labels),
      confidence: dice.whole(50, 97) / 100,
      x: dice.whole(0, FRAME.frame_width - width),
      y: dice.whole(0, FRAME.frame_height - height),
      width,
      height,
      ...FRAME,
    };
  });
}

function zonesOf({ zones }: Place, detections: number, dice: Dice) {
  return zones
    .slice(0, dice.whole(1, zones.length))
    .map(([name, kind]) => ({ name, kind, detections: dice.whole(1, detections), seconds: dice.whole(2, 240) / 2 }));
}

function baselineOf(dice: Dice) {
  const [expected, seen] = [dice.whole(0, 40) / 10, dice.whole(1, 6)];
  return { expected, seen, unusual: seen > 2 * expected, probability: dice.throw(), note: dice.pick(NOTES) };
}

/** What the other cameras saw in the half hour before, the latest first. */
function crossCamera(events: readonly HomeEvent[], { id }: Place, began: number) {
  return events
    .filter(({ camera, batch }) => camera.camera_id !== id && toMillis(batch.ended_at) > began - RECENT_MS)
    .slice(-RECENT_EVENTS)
    .toReversed()
    .map(({ camera, batch }) => ({
      camera: camera.name,
      labels: [...new Set(batch.detections.map(({ label }) => label))],
      seconds_before: Math.round((began - toMillis(batch.ended_at)) / SECOND_MS),
    }));
}

function batchOf(n: number, { id }: Place, detections: Detection[], context: NonNullable<Batch["context"]>): Batch {
  const times = detections.map(({ captured_at }) => captured_at);
  const [first = BEGAN] = times;
  return {
    batch_id: `ba_${n}`,
    camera_id: id,
    started_at: first,
    ended_at: times.at(-1) ?? first,
    close_reason: "idle",
    fast_path: false,
    detections,
    uploads: detections.map(({ upload_id, captured_at }) => ({
      upload_id,
      camera_id: id,
      path: `/cameras/${id}/${upload_id}.jpg`,
      media_type: "image",
      size: 1,
      captured_at,
      received_at: captured_at,
      sha256: "0".repeat(64),
    })),
    still_path: null,
    thumbnail_path: null,
    context,
  };
}
