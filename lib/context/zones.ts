/** What happened in the zones of a camera's view: who was in them, how long, and who came, left, passed or draws near. */
import type { Detection } from "../domain/detection.ts";
import type { Point, Zone } from "../domain/zone.ts";
import { boxOf, centerOf, contains, distanceTo, footOf, overlapShare, passes } from "./geometry.ts";
import { type Stay, staysOf } from "./stay.ts";
import { kindOf, type Track, timeOf, tracksOf } from "./tracks.ts";

type Movement = "entered" | "left" | "passed through" | "approaching";

/** A zone in which, or before which, something was seen: a line of `context.zones`. */
export interface ZoneActivity {
  readonly zone_id: string;
  readonly name: string;
  readonly type: Zone["type"];
  /** Detections in the zone, by label. */
  readonly seen: Readonly<Record<string, number>>;
  /** Seconds of the longest stay that reaches into this batch; 0 where something was seen in one picture only. */
  readonly stay_s: number;
  /** Whether that is long enough to be loitering in this zone. */
  readonly loitering: boolean;
  /** Who moved how, such as `person entered`. */
  readonly movements: readonly string[];
}

/** What is known of a zone besides its activity. */
export interface ZoneReport {
  readonly activity: ZoneActivity;
  /** Ids of the detections in the zone. */
  readonly members: readonly string[];
  /** Seconds of the longest stay of each kind of thing, as `activity.stay_s` is of all. */
  readonly staySeconds: ReadonlyMap<string, number>;
  /** The last stay of each kind of thing, for the next batch to go on from. */
  readonly stays: ReadonlyMap<string, Stay>;
}

/** Somebody who is not seen for longer has left. */
export const STAY_GAP_MS = 60_000;

/** Who comes closer by less of the frame's size may only sway. */
const LEAST_APPROACH = 0.05;

/** Whether a detection is in a zone, by the zone's own anchor. */
export function isIn(detection: Detection, { points, anchor, min_overlap }: Zone): boolean {
  const box = boxOf(detection);
  switch (anchor) {
    case "foot":
      return contains(points, footOf(box));
    case "center":
      return contains(points, centerOf(box));
    case "overlap":
      return overlapShare(points, box) >= min_overlap;
  }
}

/**
 * What happened in the enabled ones of a camera's zones, those of the highest priority first; zones where nothing did are
 * left out. `before` knows the last stay of a kind of thing (`person`, or a label of no group) in a zone.
 */
export function zoneReports(
  detections: readonly Detection[],
  zones: readonly Zone[],
  before: (zoneId: string, kind: string) => Stay | null,
): ZoneReport[] {
  const tracks = tracksOf(detections);
  return zones
    .filter(({ enabled }) => enabled)
    .toSorted((a, b) => b.priority - a.priority)
    .map((zone) => report(zone, detections, tracks, (kind) => before(zone.zone_id, kind)))
    .filter(({ activity, members }) => members.length > 0 || activity.movements.length > 0);
}

function report(
  zone: Zone,
  detections: readonly Detection[],
  tracks: readonly Track[],
  before: (kind: string) => Stay | null,
): ZoneReport {
  const inside = detections.filter((detection) => isIn(detection, zone));
  const stays = [...Map.groupBy(inside, kindOf)].map(
    ([kind, of]) => [kind, staysOf(of.map(timeOf), before(kind), STAY_GAP_MS)] as const,
  );
  const staySeconds = new Map(stays.map(([kind, each]) => [kind, longestOf(each)] as const));
  const stay_s = Math.max(0, ...staySeconds.values());
  const movements = tracks.flatMap((track) => {
    const movement = movementOf(track, zone);
    return movement === null ? [] : [`${kindOf(track[0])} ${movement}`];
  });
  return {
    activity: {
      zone_id: zone.zone_id,
      name: zone.name,
      type: zone.type,
      seen: countsOf(inside),
      stay_s,
      loitering: zone.loiter_after_s !== null && stay_s >= zone.loiter_after_s,
      movements: [...new Set(movements)],
    },
    members: inside.map(({ detection_id }) => detection_id),
    staySeconds,
    stays: new Map(stays.flatMap(([kind, each]) => each.slice(-1).map((last) => [kind, last] as const))),
  };
}

/** In seconds. */
function longestOf(stays: readonly Stay[]): number {
  return Math.round(Math.max(0, ...stays.map(({ since, until }) => until - since)) / 1000);
}

function countsOf(detections: readonly Detection[]): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(detections, ({ label }) => label)].map(([label, of]) => [label, of.length]),
  );
}

/** How a thing moved with regard to a zone, if it did: the last that counts. */
function movementOf(track: Track, zone: Zone): Movement | null {
  let movement: Movement | null = null;
  for (const [index, now] of track.entries()) {
    const before = track[index - 1];
    if (!before) continue;
    const [wasIn, nowIn] = [isIn(before, zone), isIn(now, zone)];
    if (wasIn !== nowIn) movement = nowIn ? "entered" : "left";
    else if (!nowIn && passes(zone.points, anchorOf(before, zone), anchorOf(now, zone))) movement = "passed through";
  }
  return movement ?? (isApproaching(track, zone) ? "approaching" : null);
}

/** Whether what never was in a zone ends closer to it than it began. */
function isApproaching(track: Track, zone: Zone): boolean {
  if (track.some((detection) => isIn(detection, zone))) return false;
  const distance = (detection: Detection) => distanceTo(zone.points, anchorOf(detection, zone));
  const last = track[track.length - 1] ?? track[0];
  return distance(track[0]) - distance(last) >= LEAST_APPROACH;
}

/** The point that moves: where a thing stands, unless the zone asks for its middle. */
function anchorOf(detection: Detection, { anchor }: Zone): Point {
  const box = boxOf(detection);
  return anchor === "center" ? centerOf(box) : footOf(box);
}
