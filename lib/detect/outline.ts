/** Whether a region of changed pixels shows a thing, the place that one has left, or mere light: its outline tells. */
import { visitAround } from "./grid.ts";
import type { Region } from "./regions.ts";

/** Around each pixel of a region, those this near in both directions are compared: the ones inside with those outside. */
const REACH = 2;

/** Where the step across the outline was so many times in the background what it is in the picture, something has left. */
const LEFT = 1.5;

/** Share of the threshold that a step across the outline must have: less is the soft edge of light. */
const SHARP = 0.75;

/**
 * Share of an outline's stronger half that must be sharp. In the footage that this was tuned on, under all the light that
 * it is tested with, it is 0.6 at least where a thing is, 0.18 where one has half left a place in which it stood for
 * long, and 0.1 at most elsewhere.
 */
const SHARE = 0.15;

export type Nature = "thing" | "gone" | "light";

export interface Pictures {
  readonly picture: Uint8Array;
  readonly background: Float32Array;
  readonly width: number;
}

/** Grey levels between the two sides of the outline at one of its pixels, in the picture and in the background. */
interface Step {
  readonly now: number;
  readonly before: number;
}

/** What a region among the changed pixels shows. */
export function natureOf(region: Region, changed: Uint8Array, threshold: number, pictures: Pictures): Nature {
  const outline = stepsAcross(region, changed, pictures).sort((a, b) => strengthOf(b) - strengthOf(a));
  // The middle of a large thing passes for light and leaves a hole, whose edge is the weaker half.
  const edge = outline.slice(0, Math.ceil(outline.length / 2));
  const sharp = SHARP * threshold;
  const present = edge.filter(({ now, before }) => now >= sharp && before <= LEFT * now);
  const left = edge.filter(({ now, before }) => before >= sharp && before > LEFT * now);
  if (present.length >= SHARE * edge.length) return "thing";
  return left.length >= SHARE * edge.length ? "gone" : "light";
}

function stepsAcross({ pixels }: Region, changed: Uint8Array, { picture, background, width }: Pictures): Step[] {
  const steps: Step[] = [];
  for (const at of pixels) {
    const inside = { count: 0, now: 0, before: 0 };
    const outside = { count: 0, now: 0, before: 0 };
    visitAround(at, width, changed.length, REACH, (near) => {
      const side = changed[near] ? inside : outside;
      side.count += 1;
      side.now += picture[near] ?? 0;
      side.before += background[near] ?? 0;
    });
    if (outside.count === 0) continue;
    const now = Math.abs(inside.now / inside.count - outside.now / outside.count);
    const before = Math.abs(inside.before / inside.count - outside.before / outside.count);
    steps.push({ now, before });
  }
  return steps;
}

function strengthOf({ now, before }: Step): number {
  return Math.max(now, before);
}
