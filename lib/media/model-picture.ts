/** The picture that a language model is shown: as the camera took it, and no larger than the model needs. */
import { boundedJpeg, type Jpeg } from "./bounded-jpeg.ts";

/** A model looks at pixels, and a server holds the request in memory. Pure noise fits at a quarter of 2048 pixels. */
const MAX_BYTES = 1_000_000;
const SHARES = [1, 0.75, 0.5, 0.25] as const;

/**
 * A JPEG below 1 MB: the picture upright, its longest side so many pixels at most and never enlarged, with nothing drawn
 * in. Throws a MediaError as `validatePicture` does.
 */
export function drawModelPicture(picture: Buffer, longestSide: number): Promise<Jpeg> {
  return boundedJpeg(picture, {
    sides: SHARES.map((share) => Math.round(longestSide * share)),
    maxBytes: MAX_BYTES,
  });
}
