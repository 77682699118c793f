/** Pictures for tests: a yard, empty or with somebody in it. */
import sharp from "sharp";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A JPEG of a plain scene with a dark box in it. `seed` makes pictures of the same scene differ in their bytes. */
export async function scene(
  box: Box | null = null,
  { width = 640, height = 360, seed = 0 }: { width?: number; height?: number; seed?: number } = {},
): Promise<Buffer> {
  const drawn = box
    ? `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" fill="#101018"/>`
    : "";
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <rect width="100%" height="60%" fill="#8fb4d8"/><rect y="60%" width="100%" height="40%" fill="#6f9160"/>
    ${drawn}</svg>`;
  return sharp(Buffer.from(svg))
    .withExif({ IFD0: { ImageDescription: `picture ${seed}` } })
    .jpeg({ quality: 88 })
    .toBuffer();
}

/** How many pixels of a picture have about this colour: JPEG changes them a little. */
export async function pixelsOf(path: string, colour: readonly number[]): Promise<number> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const isNear = (at: number) => colour.every((level, channel) => Math.abs((data[at + channel] ?? 0) - level) < 40);
  let count = 0;
  for (let at = 0; at < data.length; at += info.channels) if (isNear(at)) count++;
  return count;
}
