/** The view as it should be: learnt from the first pictures that agree, and from then on refreshed slowly. */
import type { Grey } from "../../domain/pixels.ts";
import type { View } from "../../domain/view.ts";

/** A view holds once so many more pictures looked like it than did not. */
const ESTABLISHED = 5;
/** Of so many first pictures it is the plain mean: what stood in the first one fades. */
const FIRST = 8;
/** In which a view takes half of itself from newer pictures: seasons change it, and no single day does. */
const HALF_LIFE_MS = 24 * 60 * 60_000;
/** After a long silence it takes this share at most from one picture. */
const MOST_AT_ONCE = 0.5;
/** It changes so slowly that it need not be written more often. */
const REFRESH_MS = 10 * 60_000;

const FRACTION = 256;

export function isEstablished({ votes }: Pick<View, "votes">): boolean {
  return votes >= ESTABLISHED;
}

/** A view as a picture. */
export function greyOf({ width, height, levels }: View): Grey {
  return { width, height, levels: Uint8Array.from(levels, (level) => level / FRACTION) };
}

export function newView(of: Pick<View, "camera_id" | "light">, picture: Grey, now: number): View {
  const levels = Uint16Array.from(picture.levels, (level) => level * FRACTION);
  const { width, height } = picture;
  return { camera_id: of.camera_id, light: of.light, width, height, levels, votes: 1, learnt_ms: now };
}

/** A view after a picture that looks like it; null where it is not time to refresh it. What does not count stays. */
export function refreshed(view: View, picture: Grey, counts: (at: number) => boolean, now: number): View | null {
  const isYoung = view.votes < FIRST;
  const passed = Math.max(now - view.learnt_ms, 0);
  if (!isYoung && passed < REFRESH_MS) return null;
  const share = isYoung ? 1 / (view.votes + 1) : Math.min(1 - 0.5 ** (passed / HALF_LIFE_MS), MOST_AT_ONCE);
  const levels = view.levels.map((level, at) =>
    counts(at) ? Math.round(level + share * ((picture.levels[at] ?? 0) * FRACTION - level)) : level,
  );
  return { ...view, levels, votes: Math.min(view.votes + 1, FIRST), learnt_ms: now };
}

/**
 * A view that does not hold yet, after a picture that does not look like it: the majority's vote, so that a first picture
 * with a van in front of all is given up for what comes after it.
 */
export function doubted(view: View, picture: Grey, now: number): View {
  return view.votes > 1 ? { ...view, votes: view.votes - 1 } : newView(view, picture, now);
}
