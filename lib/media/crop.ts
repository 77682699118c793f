/** One thing of a picture, cut out, for a model that looks at nothing else. */
import { decodePicture, pictureFrame } from "./picture.ts";
import { isUpright, turnUpright } from "./upright.ts";

/** Left, top, width and height, in shares of the picture as people see it, within 0 and 1. */
export interface CropArea {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What is around a thing says what it is, and boxes are often a little small. In shares of the box. */
const MARGIN = 0.1;
/** The models scale to 224 to 768 pixels. */
const LONGEST_SIDE = 768;
/** Smaller pictures have nothing to tell, and some servers refuse them. */
const SHORTEST_SIDE = 8;
const QUALITY = 88;

/**
 * The area and a little around it as a JPEG, its longest side 768 pixels at most and never enlarged. Throws a MediaError as
 * `decodePicture` does.
 */
export async function cropPicture(picture: Buffer, area: CropArea): Promise<Buffer> {
  const upright = (await isUpright(picture)) ? picture : await turnUpright(picture);
  const { width, height } = await pictureFrame(upright);
  const [left, across] = span(area.left, area.width, width);
  const [top, down] = span(area.top, area.height, height);
  return decodePicture(upright, (opened) =>
    opened
      .extract({ left, top, width: across, height: down })
      .resize(LONGEST_SIDE, LONGEST_SIDE, { fit: "inside", withoutEnlargement: true })
      .flatten({ background: "black" })
      .toColourspace("srgb")
      .jpeg({ quality: QUALITY })
      .toBuffer(),
  );
}

/** Where to begin, and how many pixels to take, with the margin on both sides. */
function span(start: number, share: number, size: number): [from: number, pixels: number] {
  const margin = share * MARGIN;
  const from = Math.max(Math.round((start - margin) * size), 0);
  const to = Math.min(Math.max(Math.round((start + share + margin) * size), from + SHORTEST_SIDE), size);
  const first = Math.max(Math.min(from, to - SHORTEST_SIDE), 0);
  return [first, to - first];
}
