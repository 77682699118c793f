/** Reads what is written in a picture, dot by dot. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { dotsOf, GLYPH, widthOf } from "../../../lib/media/pixel-font.ts";

/** Dots around a tag's text. */
const PADDING = 2;
/** JPEG makes some dots unclear. */
const CLEAR = 0.99;

/** Asserts that a tag has its corner there and that one can read this text on it; `dot`: pixels of a dot. */
export async function assertText(picture: Buffer, tag: { x: number; y: number }, text: string, dot = 1): Promise<void> {
  const { data, info } = await sharp(picture).greyscale().raw().toBuffer({ resolveWithObject: true });
  const width = widthOf([...text].length) + 2 * PADDING;
  const height = GLYPH.height + 2 * PADDING;
  const middle = (dot - 1) >> 1;
  const brightness = Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const at = { x: tag.x + x * dot + middle, y: tag.y + y * dot + middle };
      return at.x < info.width && at.y < info.height ? (data[at.y * info.width + at.x] ?? Number.NaN) : Number.NaN;
    }),
  );
  const paper = brightness[0]?.[0] ?? Number.NaN;
  const inked = new Set(dotsOf(text).map(({ x, y }) => `${x + PADDING} ${y + PADDING}`));
  assert.ok(inked.size > 0);
  const levels = brightness.flat();
  // White ink or black, whichever is on the tag.
  const ink = [Math.max(...levels), Math.min(...levels)].toSorted(
    (a, b) => Math.abs(b - paper) - Math.abs(a - paper),
  )[0];
  assert.ok(
    ink !== undefined && Math.abs(ink - paper) > 80,
    `no ink on the tag at ${tag.x},${tag.y}: ${ink} on ${paper}`,
  );
  const right = brightness.flatMap((row, y) =>
    row.filter((level, x) => Math.abs(level - ink) < Math.abs(level - paper) === inked.has(`${x} ${y}`)),
  );
  const share = right.length / levels.length;
  assert.ok(share >= CLEAR, `"${text}" is not what is to be read at ${tag.x},${tag.y}: ${Math.round(share * 100)} %`);
}
