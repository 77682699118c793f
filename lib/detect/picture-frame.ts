/** The size of a picture as people see it, from its own header. */
import sharp from "sharp";
import type { Frame } from "../domain/detection.ts";
import { asError, MediaError } from "../resilience/errors.ts";

export interface PictureHeader {
  /** As people see it: upright. */
  readonly frame: Frame;
  /** As its pixels are stored, which is how decoders that know no EXIF see it. */
  readonly stored: Frame;
  /** EXIF's number, 1 to 8, for what makes the stored picture upright; 1 for nothing. */
  readonly orientation: number;
}

/** Reads a picture's header, without decoding. Throws `MediaError` UNREADABLE_IMAGE. */
export async function readPictureHeader(bytes: Buffer): Promise<PictureHeader> {
  try {
    const { autoOrient, width, height, orientation = 1 } = await sharp(bytes).metadata();
    return { frame: { width: autoOrient.width, height: autoOrient.height }, stored: { width, height }, orientation };
  } catch (thrown) {
    throw unreadableImage(thrown);
  }
}

/** Reads width and height, EXIF orientation applied, without decoding. Throws `MediaError` UNREADABLE_IMAGE. */
export async function readPictureFrame(bytes: Buffer): Promise<Frame> {
  return (await readPictureHeader(bytes)).frame;
}

/** The error for bytes that no decoder takes. */
export function unreadableImage(cause: unknown): MediaError {
  return new MediaError("UNREADABLE_IMAGE", `The picture cannot be decoded: ${asError(cause).message}`, { cause });
}
