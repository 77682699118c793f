/** How like its view a picture is: structural similarity (SSIM), where the view has structure. */
import { ssim } from "@blazediff/ssim";
import type { Frame } from "../../domain/detection.ts";
import type { Grey } from "../../domain/pixels.ts";
import { smooth } from "./gradients.ts";

/** Side of SSIM's window, in pixels. */
const WINDOW = 11;

/**
 * So large a `k1` makes the term that compares brightness 1 at all levels: light is no structure. A smaller `k2` than usual,
 * for pictures from which noise has been taken, tells fainter structure from none.
 */
const STRUCTURE = { k1: 10, k2: 0.01 } as const;

/** With this SSIM what a place showed is still there, under whatever light and noise. */
const THERE = 0.5;

/** Variance, in grey levels squared, from which a place is something to see. */
const PLAIN_VARIANCE = 500;

/** Mean SSIM of two pictures of one size, at least 11 pixels each way, as Wang et al. (2004) define it: at most 1. */
export function meanSsim(a: Grey, b: Grey): number {
  return ssim(toRgba(a), toRgba(b), undefined, a.width, a.height);
}

/** How much of a view's structure a picture has. */
export interface Similarity {
  /** Mean SSIM, from 0 to 1, each window weighted by what there is to see in the view. */
  readonly mean: number;
  /** Share of what there is to see that is there at all. */
  readonly kept: number;
}

/**
 * SSIM without its brightness term, by what there is to see in the view: the idea of information content weighting (Wang
 * and Li, 2011), because in most views sky, walls and ground are plain, and a black picture is like them. Null where
 * nothing of the view's structure counts.
 */
export function structuralSimilarity(picture: Grey, view: Grey, counts: (at: number) => boolean): Similarity | null {
  const { width, height } = view;
  const map = new Uint8Array(4 * width * height);
  ssim(toRgba(picture), toRgba(view), map, width, height, STRUCTURE);
  const weights = structureOf(view);
  let all = 0;
  let sum = 0;
  let kept = 0;
  for (const { at, drawnAt } of windows(view)) {
    if (!counts(at)) continue;
    const weight = weights[at] ?? 0;
    const here = (map[4 * drawnAt] ?? 0) / 255;
    all += weight;
    sum += weight * here;
    if (here >= THERE) kept += weight;
  }
  return all > 0 ? { mean: sum / all, kept: kept / all } : null;
}

/** What there is to see around each pixel: the logarithm of the variance over that of a plain place. */
export function structureOf(picture: Grey): Float32Array {
  const radius = WINDOW >> 1;
  const mean = smooth(picture, radius).levels;
  const squares = smooth(
    { ...picture, levels: Float32Array.from(picture.levels, (level) => level ** 2) },
    radius,
  ).levels;
  return squares.map((square, at) => Math.log(1 + Math.max(square - (mean[at] ?? 0) ** 2, 0) / PLAIN_VARIANCE));
}

/** The pixel in the middle of each window, and one at which the map shows that window: it is stretched to the frame. */
function* windows({ width, height }: Frame): Generator<{ at: number; drawnAt: number }> {
  const columns = width - WINDOW + 1;
  const rows = height - WINDOW + 1;
  const middle = WINDOW >> 1;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const drawnAt = Math.ceil((y * height) / rows) * width + Math.ceil((x * width) / columns);
      yield { at: (y + middle) * width + x + middle, drawnAt };
    }
  }
}

function toRgba({ levels }: Grey): Uint8Array {
  const rgba = new Uint8Array(4 * levels.length);
  for (const [at, level] of levels.entries()) rgba.fill(level, 4 * at, 4 * at + 3);
  return rgba;
}
