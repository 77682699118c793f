/** The pictures that the cameras upload: each one different from all others. */
import { createHash } from "node:crypto";
import sharp from "sharp";
import type { Dice } from "./dice.ts";

/** A JPEG of a plain colour that carries its number. */
export function picture(number: number, width = 160): Promise<Buffer> {
  const background = { r: number % 256, g: (number >> 8) % 256, b: 128 };
  return sharp({ create: { width, height: 96, channels: 3, background } })
    .withExif({ IFD0: { ImageDescription: `still ${number}` } })
    .jpeg()
    .toBuffer();
}

/** Begins and ends like a JPEG, so that a camera's upload counts as whole, and no server can decode it. */
export function poisoned(number: number): Buffer {
  return Buffer.concat([Buffer.from("ffd8ffe000104a464946", "hex"), Buffer.from(`poison ${number} `.repeat(20)), END]);
}

/** What is no whole picture, whatever its name says: cut off, text, or nothing at all. */
export async function broken(number: number, dice: Dice): Promise<Buffer> {
  const whole = await picture(number);
  return dice.pick([whole.subarray(0, dice.whole(20, whole.length - 3)), Buffer.from(`no picture ${number}`), EMPTY]);
}

const END = Buffer.from("ffd9", "hex");
const EMPTY = Buffer.alloc(0);

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
