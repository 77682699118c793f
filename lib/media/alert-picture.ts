/** The picture that an alert shows: large, with what was seen drawn in, and small enough for every messenger. */
import type { Detection } from "../domain/detection.ts";
import { drawDetections, type Pen } from "./annotate.ts";
import { Canvas } from "./canvas.ts";

/** Below this, in bytes. */
const MAX_BYTES = 400_000;
/** Longest sides to try, in pixels, and at each the qualities. Pure noise fits at the last. */
const SIDES = [1280, 960, 640] as const;
const QUALITIES = [85, 75, 65, 50] as const;

/** With a longest side of so many pixels a dot of the font has a pixel more. */
const SIDE_PER_DOT = 400;

/**
 * A JPEG below 400 kB: the picture upright, its longest side 1280 pixels at most and never enlarged, with a box and a
 * label for each detection. Throws a MediaError as `validatePicture` does.
 */
export async function drawAlertPicture(picture: Buffer, detections: readonly Detection[]): Promise<Buffer> {
  let jpeg: Buffer = Buffer.alloc(0);
  for (const side of SIDES) {
    const canvas = await Canvas.of(picture, { width: side, height: side, enlarge: false });
    drawDetections(canvas, { x: 0, y: 0, width: canvas.width, height: canvas.height }, detections, penOf(canvas));
    for (const quality of QUALITIES) {
      jpeg = await canvas.toJpeg(quality);
      if (jpeg.length < MAX_BYTES) return jpeg;
    }
  }
  return jpeg;
}

function penOf({ width, height }: Canvas): Pen {
  const dot = Math.max(1, Math.round(Math.max(width, height) / SIDE_PER_DOT));
  return { dot, stroke: Math.max(3, 2 * dot) };
}
