/** Pictures for tests: a yard, empty or with somebody in it. */
import { crc32 } from "node:zlib";
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

const LONGEST_JPEG = 0xffff;

/** The same picture, said to be of another size, as far as its format can say that; anything else as it is. */
export function withSize(bytes: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(bytes);
  if (isPng(copy)) {
    copy.writeUInt32BE(width, 16);
    copy.writeUInt32BE(height, 20);
    pngChunk("IHDR", copy.subarray(16, 29)).copy(copy, 8);
    return copy;
  }
  const frame = jpegFrame(copy);
  if (frame === null) return copy;
  copy.writeUInt16BE(Math.min(height, LONGEST_JPEG), frame + 5);
  copy.writeUInt16BE(Math.min(width, LONGEST_JPEG), frame + 7);
  return copy;
}

export function isPng(bytes: Buffer): boolean {
  return bytes.length > 33 && bytes.toString("latin1", 12, 16) === "IHDR";
}

/** Where a JPEG's frame header begins, which has its size. */
function jpegFrame(bytes: Buffer): number | null {
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    if ([0xc0, 0xc1, 0xc2].includes(bytes[at + 1] ?? 0)) return at;
  }
  return null;
}

/** A PNG chunk with its checksum. */
export function pngChunk(name: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
