/** What a camera's picture looks like when nothing happens, learnt from the pictures themselves. */
import { rangesAround } from "./grid.ts";
import { exposureOf, LocalLight } from "./light.ts";

/** What a pixel shows. */
export const QUIET = 0;
export const THING = 1;
/** What was there is there no more. */
export const GONE = 2;

/**
 * Share of the way that the background goes towards a picture, by what the pixel shows. What parks 100 grey levels away
 * from the ground has faded in after some 45 pictures.
 */
const LEARNING = [0.1, 0.03, 1];

/** What has been quiet for so many pictures belongs there. */
const SETTLED = 30;

/** A light change beyond this factor, either way, is another scene: two stops, which no automatic exposure needs. */
const MAX_EXPOSURE = 4;

/** From here up a pixel is burnt out: it only says "at least this bright". */
const WHITE = 250;

/** How far each pixel of a picture is from the background, in grey levels, signed. */
export interface Difference {
  /** From the background in the picture's exposure. */
  readonly plain: Float32Array;
  /** The same beyond what the nine pixels around have there: a camera that shakes a little, and leaves in the wind, have none. */
  readonly beyond: Float32Array;
  /** As `beyond`, from the background in the light of each place. */
  readonly lit: Float32Array;
}

/** The background of one camera; pictures are grey, one byte a pixel, all of one size. */
export class Background {
  readonly grey: Float32Array;
  readonly #width: number;
  /** For how many pictures in a row each pixel has been quiet. */
  readonly #quiet: Uint8Array;
  #pictures = 1;

  constructor(picture: Uint8Array, width: number) {
    this.grey = Float32Array.from(picture);
    this.#width = width;
    this.#quiet = new Uint8Array(picture.length);
  }

  /** Takes on the picture's exposure, and compares. Null where the light changed so much that there is no comparing. */
  compare(picture: Uint8Array): Difference | null {
    const { grey } = this;
    const exposure = exposureOf(picture, grey);
    if (exposure > MAX_EXPOSURE || exposure < 1 / MAX_EXPOSURE) return null;
    const clipped = grey.map((level, i) => {
      const now = picture[i] ?? 0;
      const expected = level * exposure;
      const burntOut = level >= WHITE && now >= Math.min(expected, WHITE);
      grey[i] = burntOut ? now : expected;
      return Math.min(grey[i] ?? 0, 255);
    });
    const { lowest, highest } = rangesAround(clipped, this.#width);
    const light = new LocalLight(picture, clipped, this.#width);
    // Each array is overwritten where it has just been read for the last time.
    const difference = { plain: clipped, beyond: lowest, lit: highest };
    for (let i = 0; i < grey.length; i++) {
      const now = picture[i] ?? 0;
      const low = lowest[i] ?? 0;
      const high = highest[i] ?? 0;
      difference.plain[i] = now - (clipped[i] ?? 0);
      difference.beyond[i] = outside(now, low, high);
      difference.lit[i] = outside(now, light.at(i, low), Math.min(light.at(i, high), 255));
    }
    return difference;
  }

  /** Whether most of the pixels have been quiet for long, up to the picture before. */
  isSettled(pixels: readonly number[]): boolean {
    return pixels.filter((at) => (this.#quiet[at] ?? 0) >= SETTLED).length > pixels.length / 2;
  }

  /** Moves towards the picture that `compare` measured; `shown` says what each of its pixels shows. */
  learn({ plain }: Difference, shown: Uint8Array): void {
    this.#pictures += 1;
    // The first pictures count alike: their mean has less noise than any of them.
    const first = 1 / this.#pictures;
    for (let i = 0; i < shown.length; i++) {
      const what = shown[i] ?? QUIET;
      const share = LEARNING[what] ?? 0;
      const quiet = what === QUIET;
      this.grey[i] = (this.grey[i] ?? 0) + (quiet ? Math.max(share, first) : share) * (plain[i] ?? 0);
      this.#quiet[i] = quiet ? Math.min((this.#quiet[i] ?? 0) + 1, SETTLED) : 0;
    }
  }
}

/** How far a level lies outside a range. */
function outside(level: number, low: number, high: number): number {
  if (level > high) return level - high;
  return level < low ? level - low : 0;
}
