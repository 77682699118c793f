/** From the difference of a picture to the regions that changed: threshold, noise removal, connected components. */
import type { Difference } from "./background.ts";
import { visitAround } from "./grid.ts";
import { quantile } from "./light.ts";

/**
 * Grey levels a pixel must differ by, of 255: a quarter of the picture's median, because contrasts grow with the light,
 * within bounds. In the daylight pictures of a car park that this was tuned on, with a median of 100, what stands still
 * stays below 20 once the light is balanced out, and a car is 40 to 150 away from the asphalt.
 */
const THRESHOLD_SHARE = 0.25;
const MIN_THRESHOLD = 15;
const MAX_THRESHOLD = 25;

/** What is left of that in the light of the place: right at a large thing's edge, half of the light is its own. */
const LIT_SHARE = 0.5;

/**
 * In a noisy picture (night, rain) the threshold rises to four standard deviations. The quarter of the pixels that
 * changed least tells the noise apart from what moved: a normal distribution has it within 0.319 standard deviations.
 */
const THRESHOLD_PER_NOISE = 4 / 0.319;

/** When more than this share of the picture changed, the camera turned or the scene is another one: nothing moved. */
const MAX_CHANGE = 0.6;

/** A changed pixel with fewer changed neighbours than this, of 8, is noise. */
const MIN_NEIGHBOURS = 3;

/** Changed pixels up to this far apart belong to one region. */
const REACH = 5;

/** A region smaller than this share of the picture, in changed pixels, is not reported. */
const MIN_AREA = 0.0012;

/** A region in pixels of the difference picture. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Its changed pixels. */
  readonly pixels: readonly number[];
  /** Their mean difference over the threshold: above 1 by construction. */
  readonly contrast: number;
}

/** Whether so much changed that it is another scene. Without regard to noise, which would hide just that. */
export function isAnotherScene({ plain }: Difference): boolean {
  return quantile(1 - MAX_CHANGE, plain.length, (at) => Math.abs(plain[at] ?? 0)) > MAX_THRESHOLD;
}

/** The threshold for a picture and its difference, in grey levels. */
export function thresholdOf(picture: Uint8Array, { lit }: Difference): number {
  const byLight = THRESHOLD_SHARE * quantile(0.5, picture.length, (at) => picture[at] ?? 0);
  const byNoise = THRESHOLD_PER_NOISE * quantile(0.25, lit.length, (at) => Math.abs(lit[at] ?? 0));
  return Math.max(Math.min(byLight, MAX_THRESHOLD), MIN_THRESHOLD, byNoise);
}

/** Marks with 1 each pixel that differs by more than the threshold, whatever the light at its place, in company. */
export function changedPixels({ beyond, lit }: Difference, width: number, threshold: number): Uint8Array {
  const raw = new Uint8Array(beyond.length);
  for (let i = 0; i < raw.length; i++) {
    const sign = Math.sign(beyond[i] ?? 0);
    if ((beyond[i] ?? 0) * sign > threshold && (lit[i] ?? 0) * sign > LIT_SHARE * threshold) raw[i] = 1;
  }
  return raw.map((changed, at) => {
    if (!changed) return 0;
    let company = -1; // the pixel itself is counted below
    visitAround(at, width, raw.length, 1, (near) => {
      company += raw[near] ?? 0;
    });
    return company >= MIN_NEIGHBOURS ? 1 : 0;
  });
}

/** The regions that the changed pixels form, in no particular order. */
export function findRegions({ beyond }: Difference, changed: Uint8Array, width: number, threshold: number): Region[] {
  const open = Uint8Array.from(changed);
  const regions: Region[] = [];
  for (let seed = open.indexOf(1); seed !== -1; seed = open.indexOf(1, seed)) {
    const pixels = takeConnected(open, seed, width);
    if (pixels.length < MIN_AREA * changed.length) continue;
    const columns = pixels.map((at) => at % width);
    const rows = pixels.map((at) => Math.floor(at / width));
    const x = Math.min(...columns);
    const y = Math.min(...rows);
    const total = pixels.reduce((sum, at) => sum + Math.abs(beyond[at] ?? 0), 0);
    regions.push({
      x,
      y,
      width: Math.max(...columns) + 1 - x,
      height: Math.max(...rows) + 1 - y,
      pixels,
      contrast: total / pixels.length / threshold,
    });
  }
  return regions;
}

/** Takes from `open` every pixel that can be reached from `seed` in steps of at most `REACH`. */
function takeConnected(open: Uint8Array, seed: number, width: number): number[] {
  open[seed] = 0;
  const taken = [seed];
  for (const at of taken) {
    visitAround(at, width, open.length, REACH, (near) => {
      if (!open[near]) return;
      open[near] = 0;
      taken.push(near);
    });
  }
  return taken;
}
