/** What the other cameras saw, put together, and whether it is the same incident. */
import { groupOf } from "../domain/labels.ts";
import { toMillis } from "../domain/time.ts";

/** What a batch of another camera held of one label. */
export interface Sighting {
  readonly batch_id: string;
  readonly camera_id: string;
  readonly started_at: string;
  readonly ended_at: string;
  readonly label: string;
  readonly count: number;
}

/** A line of `context.cross_camera`. */
export interface CameraSighting {
  readonly camera: string;
  /** Detections by label. */
  readonly seen: Readonly<Record<string, number>>;
  /** How long before this batch it was, or, below 0, after; 0 at the same time. */
  readonly seconds_before: number;
}

/** Other cameras' batches count from so long before a batch until so long after it. */
export const WINDOW_MS = 5 * 60_000;
/** What is seen on two cameras within so long is one incident: the way around a house takes no longer. */
const INCIDENT_MS = 2 * 60_000;
const MOST_LINES = 8;

interface Span {
  readonly started_at: string;
  readonly ended_at: string;
}

/** One line for each batch, those closest in time first, at most eight. */
export function crossCamera(
  span: Span,
  sightings: readonly Sighting[],
  nameOf: (id: string) => string,
): CameraSighting[] {
  return [...Map.groupBy(sightings, ({ batch_id }) => batch_id).values()]
    .flatMap((batch) => batch.slice(0, 1).map((first) => ({ first, batch, gap: gapMs(span, first) })))
    .sort((a, b) => Math.abs(a.gap) - Math.abs(b.gap))
    .slice(0, MOST_LINES)
    .map(({ first, batch, gap }) => ({
      camera: nameOf(first.camera_id),
      seen: Object.fromEntries(batch.map(({ label, count }) => [label, count])),
      seconds_before: Math.round(gap / 1000),
    }));
}

/** Those that show the same incident: something of the same group (a person, a vehicle, an animal), shortly before or after. */
export function sameIncident<S extends Sighting>(span: Span, labels: readonly string[], sightings: readonly S[]): S[] {
  const groups = new Set(labels.map(groupOf));
  groups.delete(null);
  return sightings.filter(
    (sighting) => groups.has(groupOf(sighting.label)) && Math.abs(gapMs(span, sighting)) <= INCIDENT_MS,
  );
}

/** From the end of the other to the beginning of this one; below 0 where the other came later, 0 where they overlap. */
function gapMs(span: Span, other: Span): number {
  const before = toMillis(span.started_at) - toMillis(other.ended_at);
  if (before > 0) return before;
  return Math.min(toMillis(span.ended_at) - toMillis(other.started_at), 0);
}
