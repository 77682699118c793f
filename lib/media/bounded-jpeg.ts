/** A picture as a JPEG of bounded size: smaller and coarser, until it fits. */
import { Canvas } from "./canvas.ts";

/** To try at each size. */
const QUALITIES = [85, 75, 65, 50] as const;

export interface JpegBounds {
  /** Longest sides to try, in pixels, the largest first. */
  readonly sides: readonly number[];
  /** Below this, in bytes. */
  readonly maxBytes: number;
}

/** Width and height are in pixels. */
export interface Jpeg {
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
}

/**
 * The picture upright and never enlarged, with what `draw` puts onto it. The last that can be tried is taken whatever its
 * size. Throws a MediaError as `validatePicture` does.
 */
export async function boundedJpeg(
  picture: Buffer,
  { sides, maxBytes }: JpegBounds,
  draw: (canvas: Canvas) => void = () => {},
): Promise<Jpeg> {
  let jpeg: Jpeg = { bytes: Buffer.alloc(0), width: 0, height: 0 };
  for (const side of sides) {
    const canvas = await Canvas.of(picture, { width: side, height: side, enlarge: false });
    draw(canvas);
    for (const quality of QUALITIES) {
      jpeg = { bytes: await canvas.toJpeg(quality), width: canvas.width, height: canvas.height };
      if (jpeg.bytes.length < maxBytes) return jpeg;
    }
  }
  return jpeg;
}
