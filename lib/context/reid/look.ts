/** What somebody is recognised by: made of the looks that were seen, so that it follows new clothes, and nobody else. */
import { type Direction, directionOf, weightedSum } from "./direction.ts";

/**
 * `enrolled`: a person said who it is. `sure`: so alike that it may change what is known. `seen`: alike enough to be
 * recognised, and no more.
 */
export type Role = "enrolled" | "sure" | "seen";

export interface Appearance {
  readonly role: Role;
  readonly direction: Direction;
}

/** From which cosine on two looks are of one, and from which on that is sure. */
export interface Thresholds {
  readonly same: number;
  readonly sure: number;
}

/** Of CLIP, and what is not known better. */
const CLIP_SAME = 0.85;
const OSNET_SAME = 0.7;

/** Those of a model: the reference's, unless `same` says otherwise. Sure is what is a third of the way to the very same. */
export function thresholdsOf(modelId: string, same: number | null = null): Thresholds {
  const from = same ?? (/osnet/i.test(modelId) ? OSNET_SAME : CLIP_SAME);
  return { same: from, sure: from + (1 - from) / 3 };
}

/**
 * What is known of a look, from the latest appearances, in whatever order: the mean of the sure ones. Where people said
 * who it is, that weighs as much as all others together, so it is never further from that than halfway. Null where
 * nothing of it is known.
 */
export function lookOf(appearances: readonly Appearance[]): Direction | null {
  const means = (["enrolled", "sure"] as const).flatMap((role) => {
    const own = appearances.filter((each) => each.role === role);
    const sum = weightedSum(own.map(({ direction }) => [direction, 1]));
    return sum.some((value) => value !== 0) ? [sum] : [];
  });
  const look = weightedSum(means.map((mean) => [mean, 1]));
  return look.some((value) => value !== 0) ? directionOf(look) : null;
}
