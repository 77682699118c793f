/** Pictures, opened for decoding with everything that keeps a hostile one harmless. */
import sharp, { type Sharp } from "sharp";
import { MediaError } from "../resilience/errors.ts";
import { imageFormat } from "./format.ts";

/** A 100 MP picture is 300 MB once decoded; no camera sends one. */
const MAX_PIXELS = 100_000_000;

/**
 * A JPEG or PNG, ready to decode. Other formats never reach the decoders: throws a MediaError `EMPTY_FILE` or
 * `NOT_AN_IMAGE`. Errors that the decoding throws later are for `pictureError`.
 */
export function openPicture(bytes: Buffer): Sharp {
  if (bytes.length === 0) throw new MediaError("EMPTY_FILE", "the file is empty; a JPEG or PNG picture was expected");
  if (imageFormat(bytes) === null) {
    throw new MediaError("NOT_AN_IMAGE", "the file does not start like a JPEG or PNG picture");
  }
  return sharp(bytes, { failOn: "truncated", limitInputPixels: MAX_PIXELS, sequentialRead: true });
}

/** What a decoder threw, as a MediaError: `TRUNCATED_IMAGE`, `TOO_LARGE` or `UNREADABLE_IMAGE`. */
export function pictureError(thrown: unknown): MediaError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (/pixel limit/i.test(text)) {
    return new MediaError("TOO_LARGE", `the picture has more than ${MAX_PIXELS} pixels`, { cause: thrown });
  }
  // "premature end of JPEG image" (libjpeg), "libpng read error" (libpng)
  if (/premature end|read error/i.test(text)) {
    return new MediaError("TRUNCATED_IMAGE", "the picture breaks off before its end", { cause: thrown });
  }
  const reason = text.split("\n")[0] ?? "";
  return new MediaError("UNREADABLE_IMAGE", `the picture cannot be decoded: ${reason}`, { cause: thrown });
}
