/** Whether a file really is the picture or clip that its name promises. */
import type { Frame } from "../domain/detection.ts";
import { MediaError } from "../resilience/errors.ts";
import { videoFormat } from "./format.ts";
import { decodePicture, pictureFrame } from "./picture.ts";

/**
 * Decodes a picture to its last line and returns its size as people see it, with its EXIF orientation applied. Throws
 * a MediaError: `EMPTY_FILE`, `NOT_AN_IMAGE`, `TRUNCATED_IMAGE`, `TOO_LARGE`, `UNREADABLE_IMAGE`.
 */
export async function validatePicture(bytes: Buffer): Promise<Frame> {
  // A JPEG is decoded at an eighth of its size for this, and every byte of it is still read.
  await decodePicture(bytes, (picture) => picture.resize(32).raw().toBuffer());
  return pictureFrame(bytes);
}

/** Checks a clip's first bytes (12 are enough). Throws a MediaError `EMPTY_FILE` or `NOT_A_VIDEO`. */
export function validateVideoHeader(head: Buffer, fileName: string): void {
  if (head.length === 0) throw new MediaError("EMPTY_FILE", `${fileName} is empty; a clip was expected`);
  if (videoFormat(head) === null) {
    throw new MediaError("NOT_A_VIDEO", `${fileName} does not start like an MP4, MOV, AVI or MKV clip`);
  }
}
