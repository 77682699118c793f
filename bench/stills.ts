/** Stills as cameras make them: with detail at every scale, so that they take as long to decode as real ones. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { Frame } from "../lib/domain/detection.ts";

/** Widths of the noise that is laid over each other, with its share of the picture's contrast. */
const OCTAVES: readonly [width: number, share: number][] = [
  [6, 0.5],
  [48, 0.25],
  [240, 0.15],
  [960, 0.1],
];

/** At which a picture of 1920x1080 has some 300 kB. */
const QUALITY = 80;

/** A JPEG of a scene that is another one each time. */
export async function scenery({ width, height }: Frame): Promise<Buffer> {
  const total = new Float32Array(width * height * 3);
  for (const [detail, share] of OCTAVES) {
    const small = { width: detail, height: Math.ceil((detail * height) / width), channels: 3 as const };
    const grain = Uint8Array.from({ length: small.width * small.height * 3 }, () => 256 * Math.random());
    const layer = await sharp(grain, { raw: small }).resize(width, height, { fit: "fill" }).raw().toBuffer();
    for (let at = 0; at < total.length; at++) total[at] = (total[at] ?? 0) + share * (layer[at] ?? 0);
  }
  return sharp(Uint8ClampedArray.from(total), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}

/** Writes copies of JPEGs, in turns, each with other bytes: a comment makes it a picture of its own. */
export class StillWriter {
  readonly #pictures: readonly Buffer[];
  readonly #folder: string;
  #written = 0;

  constructor(pictures: readonly Buffer[], folder: string) {
    this.#pictures = pictures;
    this.#folder = folder;
  }

  /** The paths of so many new files. */
  write(count: number): string[] {
    return Array.from({ length: count }, () => {
      const path = join(this.#folder, `still-${this.#written}.jpg`);
      writeFileSync(path, this.next());
      return path;
    });
  }

  /** The bytes of a new picture. */
  next(): Buffer {
    const picture = this.#pictures[this.#written % this.#pictures.length] ?? Buffer.alloc(0);
    this.#written += 1;
    const comment = Buffer.from(`\xff\xfe\0\x12${String(this.#written).padStart(16, "0")}`, "latin1");
    return Buffer.concat([picture.subarray(0, 2), comment, picture.subarray(2)]);
  }
}
