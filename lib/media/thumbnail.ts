/** Thumbnails with what was seen drawn in. */
import type { Detection } from "../domain/detection.ts";
import { type Pixels, THUMBNAIL } from "../domain/pixels.ts";
import { drawDetections } from "./annotate.ts";
import { Canvas } from "./canvas.ts";

const PEN = { stroke: 3, dot: 1 } as const;
const QUALITY = 85;

/**
 * A JPEG of 320 x 240 pixels: the picture upright and whole, black beside it, and a box with its label around each
 * detection. Throws a MediaError as `validatePicture` does.
 */
export async function drawThumbnail(picture: Buffer | Pixels, detections: readonly Detection[]): Promise<Buffer> {
  const canvas = await Canvas.of(picture, { ...THUMBNAIL, enlarge: true });
  drawDetections(canvas, detections, PEN);
  return canvas.toJpeg(QUALITY, THUMBNAIL);
}
