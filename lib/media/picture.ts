/** Pictures, opened for decoding with everything that keeps a hostile one harmless. */
import sharp, { type Metadata, type Sharp } from "sharp";
import type { Frame } from "../domain/detection.ts";
import { MediaError } from "../resilience/errors.ts";
import { imageFormat } from "./format.ts";

/** No camera sends as many. */
const MAX_PIXELS = 100_000_000;
/** Decoders hold hundreds of lines at a time: with 500,000 pixels each, that took 1 GB (measured). */
const LONGEST_SIDE = 20_000;
/**
 * Most pictures are decoded strip by strip. Progressive and interlaced ones are held whole: 500 bytes can say that they
 * are one of 100 MP, which took 800 MB (measured). A real one of 16 MP takes 100 MB.
 */
const MOST_HELD_BYTES = 128 * 1024 ** 2;
/** Of each sample: a progressive JPEG's coefficients, and a PNG's deeper colours. */
const HELD_SAMPLE_BYTES = 2;

/**
 * Decodes a JPEG or PNG by what `steps` make of it; other formats never reach the decoders. Throws a MediaError as
 * `checkPicture` does, `TRUNCATED_IMAGE`, or `UNREADABLE_IMAGE`.
 */
export async function decodePicture<T>(bytes: Buffer, steps: (picture: Sharp) => Promise<T>): Promise<T> {
  await checkPicture(bytes);
  return steps(openPicture(bytes)).catch((thrown: unknown) => {
    throw pictureError(thrown);
  });
}

/** Headers of the pictures that are in memory: several steps want them, and each reading takes half a millisecond. */
const headers = new WeakMap<Buffer, Promise<Metadata>>();

/**
 * A picture's header, read once. Refuses a picture that would take too much memory to decode: throws a MediaError
 * `EMPTY_FILE`, `NOT_AN_IMAGE`, `TOO_LARGE` or `UNREADABLE_IMAGE`.
 */
export async function checkPicture(bytes: Buffer): Promise<Metadata> {
  const header = headers.get(bytes) ?? readHeader(bytes);
  headers.set(bytes, header);
  return header;
}

/** A picture's size as people see it, with its EXIF orientation applied. Throws as `checkPicture` does. */
export async function pictureFrame(bytes: Buffer): Promise<Frame> {
  const { width, height } = (await checkPicture(bytes)).autoOrient;
  return { width, height };
}

async function readHeader(bytes: Buffer): Promise<Metadata> {
  const header = await openPicture(bytes)
    .metadata()
    .catch((thrown: unknown) => {
      throw pictureError(thrown);
    });
  const { width, height, channels, isProgressive } = header;
  if (Math.max(width, height) > LONGEST_SIDE) {
    throw new MediaError("TOO_LARGE", `a picture may be ${LONGEST_SIDE} pixels long; this one is ${width} x ${height}`);
  }
  if (isProgressive && width * height * channels * HELD_SAMPLE_BYTES > MOST_HELD_BYTES) {
    throw new MediaError(
      "TOO_LARGE",
      `the picture, of ${width} x ${height} pixels, is progressive or interlaced and would take too much memory; stored line by line it may have ${MAX_PIXELS} pixels`,
    );
  }
  return header;
}

function openPicture(bytes: Buffer): Sharp {
  if (bytes.length === 0) throw new MediaError("EMPTY_FILE", "the file is empty; a JPEG or PNG picture was expected");
  if (imageFormat(bytes) === null) {
    throw new MediaError("NOT_AN_IMAGE", "the file does not start like a JPEG or PNG picture");
  }
  return sharp(bytes, { failOn: "truncated", limitInputPixels: MAX_PIXELS, sequentialRead: true });
}

/** What a decoder threw, as a MediaError: `TRUNCATED_IMAGE`, `TOO_LARGE` or `UNREADABLE_IMAGE`. */
function pictureError(thrown: unknown): MediaError {
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
