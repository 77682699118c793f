/** Small pictures in memory. */
import type { Frame } from "./detection.ts";

/** The size of thumbnails. */
export const THUMBNAIL: Frame = { width: 320, height: 240 };

/** A decoded picture. */
export interface Pixels extends Frame {
  /** Red, green and blue of each pixel, a byte each, row by row. */
  readonly rgb: Buffer;
}

/** A picture in grey. */
export interface Grey extends Frame {
  /** A byte each pixel, row by row. */
  readonly levels: Uint8Array;
}
