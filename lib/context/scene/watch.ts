/** From pictures to a state of the view: only what lasts counts, and somebody before the lens does not. */
import { createHash } from "node:crypto";
import type { Grey } from "../../domain/pixels.ts";
import { DIFFERENCES, type Difference, type Light, type ViewState, type Watch } from "../../domain/view.ts";
import type { Look } from "./look.ts";

/** So many pictures in a row must differ … */
const LEAST_PICTURES = 3;
/** … and none like the view come for so long after the first: a covered camera may see no motion, and send no more. */
const LASTING_MS = 5 * 60_000;
/** So often must a picture come again, and over so long a time: an upload that is repeated at once is no frozen camera. */
const LEAST_REPEATS = 2;
const FROZEN_MS = 10 * 60_000;
/** Cameras write their clock into this share of the height, at the top or the bottom. */
const CLOCK = 1 / 6;

/** What a picture was like. */
export interface Glance {
  readonly camera_id: string;
  readonly captured_at: string;
  readonly sha256: string;
  readonly middle: string;
  readonly look: Look | null;
  readonly light: Light;
}

/** What a picture shows apart from the edges in which cameras write their clock: no two of a live sensor are equal. */
export function middleOf({ width, height, levels }: Grey): string {
  const edge = Math.ceil(height * CLOCK);
  return createHash("sha256")
    .update(levels.subarray(edge * width, (height - edge) * width))
    .digest("hex");
}

/** A watch after one picture more. `now` is in milliseconds since 1970. */
export function watched(before: Watch | null, glance: Glance, now: number): Watch {
  const { camera_id, captured_at, sha256, middle, look, light } = glance;
  const isRepeat = before !== null && (before.sha256 === sha256 || (middle !== "" && before.middle === middle));
  const repeats = isRepeat
    ? { repeats: before.repeats + 1, repeats_ms: before.repeats_ms }
    : { repeats: 0, repeats_ms: now };
  return {
    camera_id,
    last_at: captured_at,
    ...differing(before, look, now),
    ...repeats,
    repeated_ms: now,
    sha256,
    middle,
    day_ms: look === "same" && light === "day" ? now : (before?.day_ms ?? null),
    told: before?.told ?? null,
  };
}

const NONE = { blocked: 0, moved: 0, defocused: 0, differs_ms: null };

function differing(before: Watch | null, look: Look | null, now: number) {
  const { blocked, moved, defocused, differs_ms } = before ?? NONE;
  if (look === "same") return NONE;
  if (look === null) return { blocked, moved, defocused, differs_ms };
  const counts = { blocked, moved, defocused };
  return { ...counts, [look]: counts[look] + 1, differs_ms: differs_ms ?? now };
}

/** In which way the last pictures differ, most of them; null where the last one does not. */
export function differenceIn(watch: Watch): { difference: Difference; pictures: number; sinceMs: number } | null {
  if (watch.differs_ms === null) return null;
  const pictures = watch.blocked + watch.moved + watch.defocused;
  const difference = DIFFERENCES.reduce((most, each) => (watch[each] > watch[most] ? each : most));
  return { difference, pictures, sinceMs: watch.differs_ms };
}

/** The state of a view; null while none has been learnt. `now` is in milliseconds since 1970. */
export function stateOf(watch: Watch, isKnown: boolean, now: number): ViewState | null {
  const found = differenceIn(watch);
  if (found && found.pictures >= LEAST_PICTURES && now - found.sinceMs >= LASTING_MS) return found.difference;
  if (watch.repeats >= LEAST_REPEATS && watch.repeated_ms - watch.repeats_ms >= FROZEN_MS) return "frozen";
  return isKnown ? "ok" : null;
}
