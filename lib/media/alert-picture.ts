/** The picture that an alert shows: large, with what was seen drawn in, and small enough for every messenger. */
import type { Detection } from "../domain/detection.ts";
import { drawDetections, type Pen } from "./annotate.ts";
import { boundedJpeg } from "./bounded-jpeg.ts";
import type { Canvas } from "./canvas.ts";

/** Pure noise fits at the last. */
const BOUNDS = { sides: [1280, 960, 640], maxBytes: 400_000 } as const;

/** With a longest side of so many pixels a dot of the font has a pixel more. */
const SIDE_PER_DOT = 400;

/**
 * A JPEG below 400 kB: the picture upright, its longest side 1280 pixels at most and never enlarged, with a box and a
 * label for each detection. Throws a MediaError as `validatePicture` does.
 */
export async function drawAlertPicture(picture: Buffer, detections: readonly Detection[]): Promise<Buffer> {
  const { bytes } = await boundedJpeg(picture, BOUNDS, (canvas) => drawDetections(canvas, detections, penOf(canvas)));
  return bytes;
}

function penOf({ width, height }: Canvas): Pen {
  const dot = Math.max(1, Math.round(Math.max(width, height) / SIDE_PER_DOT));
  return { dot, stroke: Math.max(3, 2 * dot) };
}
