/** Thumbnails with what was seen drawn in. */
import type { Detection } from "../domain/detection.ts";
import { drawDetections } from "./annotate.ts";
import { Canvas } from "./canvas.ts";

const SIZE = { width: 320, height: 240 } as const;
const PEN = { stroke: 3, dot: 1 } as const;
const QUALITY = 85;

/**
 * A JPEG of 320 x 240 pixels: the picture upright and whole, black beside it, and a box with its label around each
 * detection. Throws a MediaError as `validatePicture` does.
 */
export async function drawThumbnail(picture: Buffer, detections: readonly Detection[]): Promise<Buffer> {
  const canvas = await Canvas.of(picture, { ...SIZE, enlarge: true });
  drawDetections(canvas, detections, PEN);
  return canvas.toJpeg(QUALITY, SIZE);
}
