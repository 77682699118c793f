/** How the light of a picture differs from its background's: everywhere by one factor, and slowly from place to place. */
import { boxMean } from "./grid.ts";

/** Added to both sides of a ratio: black pixels can take part, and weigh no more than their noise lets them. */
const EXPOSURE_BASE = 1;
const PLACE_BASE = 8;

/**
 * Radius of a place, as a share of the picture's longer side; two passes of the filter reach twice as far. With a
 * smaller one the middle of a near car passes for light, with a larger one the edge of a cloud's shadow does not.
 */
const PLACE = 1 / 16;

/** So many pixels, spread over the picture, are asked where only a quantile is wanted. */
const SAMPLES = 2000;

/** The value that a share of a picture's pixels (0 to 1) does not exceed, about. `of` is the value at a pixel. */
export function quantile(share: number, pixels: number, of: (at: number) => number): number {
  // Odd, so that it does not take the same columns of every row.
  const step = Math.trunc(pixels / SAMPLES) | 1;
  const sample = new Float32Array(Math.ceil(pixels / step)).map((_, i) => of(i * step)).sort();
  return sample[Math.trunc(share * sample.length)] ?? 0;
}

/**
 * The factor by which the exposure made a picture brighter: the median of the pixels' ratios, which holds as long as
 * things that moved cover less than half of the picture.
 */
export function exposureOf(picture: Uint8Array, background: Float32Array): number {
  const ratio = (at: number) => ((picture[at] ?? 0) + EXPOSURE_BASE) / ((background[at] ?? 0) + EXPOSURE_BASE);
  return quantile(0.5, picture.length, ratio);
}

/**
 * What the background's grey levels look like in the picture's light, as far as that changes slowly from place to place:
 * the soft edge of a cloud's shadow and the pool of a lamp do. A thing's own edge is sharp, so that only the middle of a
 * large one passes for light.
 */
export class LocalLight {
  readonly #factors: Float32Array;

  constructor(picture: Uint8Array, background: Float32Array, width: number) {
    const radius = Math.round(PLACE * Math.max(width, background.length / width));
    const ratios = background.map((level, at) => Math.log(((picture[at] ?? 0) + PLACE_BASE) / (level + PLACE_BASE)));
    this.#factors = boxMean(boxMean(ratios, width, radius), width, radius).map(Math.exp);
  }

  /** What a grey level of the background looks like at a pixel. */
  at(pixel: number, level: number): number {
    return (level + PLACE_BASE) * (this.#factors[pixel] ?? 1) - PLACE_BASE;
  }
}
