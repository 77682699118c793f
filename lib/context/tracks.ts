/** What belongs together: the detections of one thing, from picture to picture. */
import type { Detection } from "../domain/detection.ts";
import { kindOfLabel } from "../domain/labels.ts";
import { toMillis } from "../domain/time.ts";
import { boxOf, intersectionOverUnion } from "./geometry.ts";

/** The detections of one thing, the earliest first. */
export type Track = readonly [Detection, ...Detection[]];

/** Boxes that overlap less are of different things. Somebody who walks by at one picture a second still overlaps by more. */
const LEAST_OVERLAP = 0.2;
/** What is seen again after longer may be something else. */
const LONGEST_GAP_MS = 10_000;

/** When a detection was made, in milliseconds since 1970. */
export function timeOf({ captured_at, offset_ms }: Detection): number {
  return toMillis(captured_at) + offset_ms;
}

/**
 * Detections of one camera as tracks, the earliest first: from each picture to the next, what overlaps most belongs
 * together, if it is of one kind. Every detection is in one track.
 */
export function tracksOf(detections: readonly Detection[]): Track[] {
  const tracks: [Detection, ...Detection[]][] = [];
  for (const picture of picturesOf(detections)) {
    const candidates = picture
      .flatMap((detection) =>
        tracks.map((track) => ({ detection, track, likeness: likeness(track.at(-1), detection) })),
      )
      .filter((candidate) => candidate.likeness >= LEAST_OVERLAP)
      .sort((a, b) => b.likeness - a.likeness);
    const taken = new Set<unknown>();
    for (const { detection, track } of candidates) {
      if (taken.has(detection) || taken.has(track)) continue;
      taken.add(detection).add(track);
      track.push(detection);
    }
    for (const detection of picture) if (!taken.has(detection)) tracks.push([detection]);
  }
  return tracks;
}

/** Detections by the moment of their picture, the earliest first. */
function picturesOf(detections: readonly Detection[]): Detection[][] {
  const byTime = Map.groupBy(detections, timeOf);
  return [...byTime].sort(([a], [b]) => a - b).map(([, picture]) => picture);
}

/** How much two detections overlap, where they can be of one thing. */
function likeness(before: Detection | undefined, now: Detection): number {
  if (!before || kindOf(before) !== kindOf(now) || timeOf(now) - timeOf(before) > LONGEST_GAP_MS) return 0;
  return intersectionOverUnion(boxOf(before), boxOf(now));
}

/** What the thing of a detection is. */
export function kindOf({ label }: Detection): string {
  return kindOfLabel(label);
}
