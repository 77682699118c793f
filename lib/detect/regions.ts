/** From a difference picture to the regions that changed: threshold, noise removal, connected components. */

/**
 * Grey levels a pixel must differ by, of 255. In the pictures of a car park this was tuned on, what stands still stays
 * below 20 once the light is balanced out, and a car is 40 to 150 away from the asphalt.
 */
const THRESHOLD = 25;

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
const REACH = 3;

/** A region smaller than this share of the picture, in changed pixels, is not reported. */
const MIN_AREA = 0.003;

/** A region in pixels of the difference picture. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The mean difference of its changed pixels over the threshold: above 1 by construction. */
  readonly contrast: number;
}

/** Whether so much changed that it is another scene. Without regard to noise, which would hide just that. */
export function isAnotherScene(difference: Float32Array): boolean {
  return difference.filter((level) => Math.abs(level) > THRESHOLD).length > MAX_CHANGE * difference.length;
}

/** The threshold for a difference picture, in grey levels. */
export function thresholdOf(difference: Float32Array): number {
  const quarter = difference.map(Math.abs).sort()[difference.length >> 2] ?? 0;
  return Math.max(THRESHOLD, THRESHOLD_PER_NOISE * quarter);
}

/** Marks with 1 each pixel that differs by more than the threshold, in company. */
export function changedPixels(difference: Float32Array, width: number, threshold: number): Uint8Array {
  const raw = Uint8Array.from(difference, (level) => (Math.abs(level) > threshold ? 1 : 0));
  return raw.map((changed, at) => {
    if (!changed) return 0;
    let company = -1; // the pixel itself is counted below
    for (const near of around(at, width, raw.length, 1)) company += raw[near] ?? 0;
    return company >= MIN_NEIGHBOURS ? 1 : 0;
  });
}

/** The regions that the changed pixels form, in no particular order. */
export function findRegions(difference: Float32Array, changed: Uint8Array, width: number, threshold: number): Region[] {
  const open = Uint8Array.from(changed);
  const regions: Region[] = [];
  for (let seed = open.indexOf(1); seed !== -1; seed = open.indexOf(1, seed)) {
    const members = takeConnected(open, seed, width);
    if (members.length < MIN_AREA * changed.length) continue;
    const columns = members.map((at) => at % width);
    const rows = members.map((at) => Math.floor(at / width));
    const x = Math.min(...columns);
    const y = Math.min(...rows);
    const total = members.reduce((sum, at) => sum + Math.abs(difference[at] ?? 0), 0);
    regions.push({
      x,
      y,
      width: Math.max(...columns) + 1 - x,
      height: Math.max(...rows) + 1 - y,
      contrast: total / members.length / threshold,
    });
  }
  return regions;
}

/** Takes from `open` every pixel that can be reached from `seed` in steps of at most `REACH`. */
function takeConnected(open: Uint8Array, seed: number, width: number): number[] {
  open[seed] = 0;
  const members = [seed];
  for (const at of members) {
    for (const near of around(at, width, open.length, REACH)) {
      if (!open[near]) continue;
      open[near] = 0;
      members.push(near);
    }
  }
  return members;
}

/** The pixels within `reach` of a pixel in both directions, itself included, that lie in the picture. */
function* around(at: number, width: number, size: number, reach: number): Generator<number> {
  const column = at % width;
  const left = at - column + Math.max(column - reach, 0);
  const right = at - column + Math.min(column + reach, width - 1);
  for (let row = -reach; row <= reach; row++) {
    for (let near = left + row * width; near <= right + row * width; near++) {
      if (near >= 0 && near < size) yield near;
    }
  }
}
