/** The size of a picture as people see it, from its own header. */
import sharp from "sharp";
import type { Frame } from "../domain/detection.ts";
import { asError, MediaError } from "../resilience/errors.ts";

/** Reads width and height, EXIF orientation applied, without decoding. Throws `MediaError` UNREADABLE_IMAGE. */
export async function readPictureFrame(bytes: Buffer): Promise<Frame> {
  try {
    const { autoOrient } = await sharp(bytes).metadata();
    return { width: autoOrient.width, height: autoOrient.height };
  } catch (thrown) {
    throw unreadableImage(thrown);
  }
}

/** The error for bytes that no decoder takes. */
export function unreadableImage(cause: unknown): MediaError {
  return new MediaError("UNREADABLE_IMAGE", `The picture cannot be decoded: ${asError(cause).message}`, { cause });
}
