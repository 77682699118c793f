/**
 * What a picture looks like in 64 bits: the signs of its 64 lowest frequencies against their median, as Zauner's "pHash"
 * has it (Implementation and Benchmarking of Perceptual Image Hash Functions, 2010).
 *
 * Of four such hashes it alone told a camera's pictures apart, on footage of two car parks. A picture that was encoded
 * anew, made 10 % lighter or darker, noisy or blurred was 0 to 2 bits away; one at half the size, or of the empty car park
 * a second later, 4 at most. A second of a driving car changed 24 to 42 bits, some steps of a person a third as high as
 * the picture mostly 8 to 24, and 2 beside a car that filled it. In the difference hash (9 x 8 pixels) flat ground alone
 * changed up to 8, as many as the person.
 */
import { decodePicture } from "./picture.ts";

/** Side of the small grey picture that is looked at. */
const SIDE = 32;
/** Frequencies in each direction. The lowest, which is the brightness, is not among them. */
const FREQUENCIES = [1, 2, 3, 4, 5, 6, 7, 8] as const;

/** The basis of the discrete cosine transform (DCT-II): a wave of each frequency over the side. */
const WAVES = FREQUENCIES.map((frequency) =>
  Array.from({ length: SIDE }, (_, at) => Math.cos(((2 * at + 1) * frequency * Math.PI) / (2 * SIDE))),
);

/**
 * The hash of a picture, as people see it: 16 hexadecimal digits, to be compared by `hashDistance`. Throws a MediaError
 * as `validatePicture` does.
 */
export async function pictureHash(picture: Buffer): Promise<string> {
  const strengths = frequencies(await shrink(picture));
  const middle = strengths.toSorted((a, b) => a - b).slice(strengths.length / 2 - 1, strengths.length / 2 + 1);
  const median = middle.reduce((sum, strength) => sum + strength, 0) / 2;
  const bits = strengths.map((strength) => (strength > median ? "1" : "0")).join("");
  return BigInt(`0b${bits}`)
    .toString(16)
    .padStart(bits.length / 4, "0");
}

/** The picture in grey, 32 x 32 pixels whatever its shape: all pictures of a camera have the same. */
function shrink(picture: Buffer): Promise<Buffer> {
  return decodePicture(picture, (opened) =>
    opened
      .autoOrient()
      .resize(SIDE, SIDE, { fit: "fill" })
      .flatten({ background: "black" })
      .greyscale()
      .raw()
      .toBuffer(),
  );
}

/** How strong each pair of frequencies is, row by row: the transform of the rows, then of what that gives. */
function frequencies(grey: Buffer): number[] {
  const rows = Array.from({ length: SIDE }, (_, y) => grey.subarray(y * SIDE, (y + 1) * SIDE));
  const across = rows.map((row) => WAVES.map((wave) => product(row, wave)));
  return WAVES.flatMap((down) =>
    FREQUENCIES.map((_, place) =>
      product(
        across.map((row) => row[place] ?? 0),
        down,
      ),
    ),
  );
}

function product(values: ArrayLike<number>, wave: readonly number[]): number {
  return wave.reduce((sum, level, at) => sum + level * (values[at] ?? 0), 0);
}
