/** Files made wrong in the ways in which cameras, networks, disks and people make them wrong. */
import type { Dice } from "../faults/dice.ts";
import { isPng, pngChunk, withSize } from "../support/pictures.ts";
import { type Sample, ZIP } from "./corpus.ts";

type Mutation = (bytes: Buffer, dice: Dice, others: readonly Sample[]) => Buffer;

/** A picture of this many pixels would take 12 GB of memory. */
const HUGE_SIDE = 65_500;
/** Just allowed. */
const LARGE_SIDE = 9_999;

const SCRIPT = Buffer.from("<script>alert(document.cookie)</script><?php system($_GET['c']); ?>");

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "as it is": (bytes) => bytes,
  "bits flipped": (bytes, dice) => flipped(bytes, dice, 0, bytes.length - 1),
  "bits flipped at the front": (bytes, dice) => flipped(bytes, dice, 0, Math.min(bytes.length, 64) - 1),
  "bits flipped behind the header": (bytes, dice) => flipped(bytes, dice, 20, Math.max(20, bytes.length - 16)),
  "cut off": (bytes, dice) => bytes.subarray(0, dice.whole(0, bytes.length)),
  "cut off, with its end": (bytes, dice) =>
    Buffer.concat([bytes.subarray(0, dice.whole(0, bytes.length)), bytes.subarray(-12)]),
  "without its beginning": (bytes, dice) => bytes.subarray(dice.whole(1, 40)),
  "something put in": (bytes, dice) => {
    const at = dice.whole(0, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), noise(dice, dice.whole(1, 400)), bytes.subarray(at)]);
  },
  "something taken out": (bytes, dice) => {
    const at = dice.whole(0, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + dice.whole(1, 200))]);
  },
  "a part twice": (bytes, dice) => {
    const at = dice.whole(0, bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - dice.whole(1, 500)))]);
  },
  "a hole of zeros": (bytes, dice) => {
    const copy = Buffer.from(bytes);
    const at = dice.whole(0, copy.length);
    return copy.fill(0, at, Math.min(copy.length, at + dice.whole(1, 1_000)));
  },
  "an archive behind it": (bytes) => Buffer.concat([bytes, ZIP]),
  "a script behind it": (bytes) => Buffer.concat([bytes, SCRIPT]),
  "a script in front": (bytes) => Buffer.concat([SCRIPT, bytes]),
  "another file's end": (bytes, dice, others) => {
    const other = dice.pick(others).bytes;
    return Buffer.concat([bytes.subarray(0, dice.whole(0, bytes.length)), other.subarray(dice.whole(0, other.length))]);
  },
  "another file behind it": (bytes, dice, others) => Buffer.concat([bytes, dice.pick(others).bytes]),
  "a huge size": (bytes, dice) => withSize(bytes, HUGE_SIDE, dice.pick([1, HUGE_SIDE])),
  "a large size": (bytes) => withSize(bytes, LARGE_SIDE, LARGE_SIDE),
  "a very long line": (bytes, dice) => withSize(bytes, dice.pick([60_000, 300_000]), 64),
  "no size": (bytes, dice) => withSize(bytes, 0, dice.pick([0, 9])),
  "garbage as EXIF": (bytes, dice) => withExif(bytes, noise(dice, dice.whole(0, 300))),
  "EXIF that points into nowhere": (bytes, dice) => withExif(bytes, lostExif(dice)),
};

const KINDS = Object.keys(MUTATIONS);

/** A sample made wrong in one way or two. `others` are what it may be mixed with. */
export function mutate(sample: Sample, others: readonly Sample[], dice: Dice): Pick<Sample, "what" | "bytes"> {
  const kinds = dice.chance(0.3) ? [dice.pick(KINDS), dice.pick(KINDS)] : [dice.pick(KINDS)];
  const bytes = kinds.reduce((made, kind) => MUTATIONS[kind]?.(made, dice, others) ?? made, sample.bytes);
  return { what: `${sample.what}, ${kinds.join(", ")}`, bytes };
}

function noise(dice: Dice, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => dice.whole(0, 255)));
}

function flipped(bytes: Buffer, dice: Dice, from: number, to: number): Buffer {
  const copy = Buffer.from(bytes);
  for (let flips = dice.whole(1, 24); flips > 0 && to >= from; flips--) {
    const at = dice.whole(from, to);
    if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << dice.whole(0, 7));
  }
  return copy;
}

/** A JPEG or a PNG with this as its EXIF data; anything else as it is. */
function withExif(bytes: Buffer, exif: Buffer): Buffer {
  if (isPng(bytes)) return Buffer.concat([bytes.subarray(0, 33), pngChunk("eXIf", exif), bytes.subarray(33)]);
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== 0xffd8) return bytes;
  const body = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), exif]);
  const header = Buffer.from([0xff, 0xe1, 0, 0]);
  header.writeUInt16BE(2 + body.length, 2);
  return Buffer.concat([bytes.subarray(0, 2), header, body, bytes.subarray(2)]);
}

/** One directory of entries with any tag, any type, any count and any place. */
function lostExif(dice: Dice): Buffer {
  const entries = dice.whole(1, 12);
  const head = Buffer.from("4d4d002a00000008", "hex");
  const count = Buffer.alloc(2);
  count.writeUInt16BE(entries);
  const orientation = Buffer.from([1, 0x12, 0, 3, 0, 0, 0, 1, 0, dice.whole(0, 255), 0, 0]);
  const next = Buffer.from([0, 0, 0, dice.whole(0, 255)]);
  return Buffer.concat([head, count, orientation, noise(dice, 12 * (entries - 1)), next]);
}
