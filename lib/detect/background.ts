/** What a camera's picture looks like when nothing happens, learnt from the pictures themselves. */

/** Share of the way towards a new picture where nothing changed. */
const LEARN_QUIET = 0.1;

/** The same where something did: what parks 100 grey levels away from the ground has faded in after some 45 pictures. */
const LEARN_CHANGED = 0.03;

/** A light change beyond this factor, either way, is another scene: two stops, which no automatic exposure needs. */
const MAX_GAIN = 4;

/** From here up a pixel is burnt out: it only says "at least this bright". */
const WHITE = 250;

/** The background of one camera; pictures are grey, one byte a pixel, all of one size. */
export class Background {
  readonly #grey: Float32Array;

  constructor(picture: Uint8Array) {
    this.#grey = Float32Array.from(picture);
  }

  /**
   * How far each pixel is from the background, in grey levels, signed, after the background has been brought to the
   * picture's light. Null where the light changed so much that the two cannot be compared.
   *
   * The camera's exposure multiplies all pixels by much the same factor; the median of the pixels' ratios finds it as
   * long as things that moved cover less than half of the picture.
   */
  compare(picture: Uint8Array): Float32Array | null {
    const grey = this.#grey;
    // One more on both sides lets black pixels take part.
    const ratios = grey.map((level, i) => ((picture[i] ?? 0) + 1) / (level + 1)).sort();
    const gain = ratios[ratios.length >> 1] ?? 1;
    if (gain > MAX_GAIN || gain < 1 / MAX_GAIN) return null;
    return grey.map((level, i) => {
      const now = picture[i] ?? 0;
      const burntOut = level >= WHITE && now >= WHITE;
      const expected = burntOut ? now : level * gain;
      grey[i] = expected;
      return now - Math.min(expected, 255);
    });
  }

  /** Moves towards the picture that `compare` measured; slower in `changed` pixels, so that what stays fades in. */
  learn(difference: Float32Array, changed: Uint8Array): void {
    this.#grey.forEach((level, i) => {
      this.#grey[i] = level + (changed[i] ? LEARN_CHANGED : LEARN_QUIET) * (difference[i] ?? 0);
    });
  }
}
