/** What the tests of this folder share: temporary folders, bounded waiting, files of every format. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";

/** A folder for each test, removed after it. */
export function useTempFolder(): () => string {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "vigil-media-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  return () => folder;
}

const noise = (width: number, height: number) =>
  sharp({
    create: { width, height, channels: 3, background: "grey", noise: { type: "gaussian", mean: 128, sigma: 40 } },
  });

export const jpegPicture = (width = 160, height = 120): Promise<Buffer> => noise(width, height).jpeg().toBuffer();
export const pngPicture = (width = 160, height = 120): Promise<Buffer> => noise(width, height).png().toBuffer();

/** An ISO base media box: `large` writes its size in 64 bits, `toEnd` as 0. */
export function box(type: string, body: Buffer | string = "", form: "normal" | "large" | "toEnd" = "normal"): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(form === "large" ? 16 : 8);
  header.write(type, 4, "latin1");
  if (form === "large") {
    header.writeUInt32BE(1, 0);
    header.writeBigUInt64BE(BigInt(16 + bytes.length), 8);
  } else header.writeUInt32BE(form === "toEnd" ? 0 : 8 + bytes.length, 0);
  return Buffer.concat([header, bytes]);
}

/** A RIFF chunk with its pad byte. */
export function riff(form: string, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(12);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(4 + bytes.length, 4);
  header.write(form, 8, "latin1");
  return Buffer.concat([header, bytes, Buffer.alloc(bytes.length % 2)]);
}

/** An EBML element whose size takes `sizeLength` bytes; `unknownSize` writes what live streams write. */
export function ebml(id: number, body: Buffer | string, options: { sizeLength?: number; unknownSize?: boolean } = {}) {
  const bytes = Buffer.from(body);
  const sizeLength = options.sizeLength ?? 8;
  const marker = 2n ** BigInt(7 * sizeLength);
  const size = options.unknownSize ? marker - 1n : BigInt(bytes.length);
  const idBytes = Buffer.alloc(4);
  idBytes.writeUInt32BE(id);
  const hex = (marker + size).toString(16).padStart(2 * sizeLength, "0");
  return Buffer.concat([idBytes, Buffer.from(hex, "hex"), bytes]);
}

export const mp4Clip = (): Buffer =>
  Buffer.concat([box("ftyp", "isom\0\0\0\0"), box("moov", "index".repeat(20)), box("mdat", "frames".repeat(50))]);

export const aviClip = (): Buffer => riff("AVI ", "LIST".repeat(40));

export const mkvClip = (): Buffer =>
  Buffer.concat([ebml(0x1a45dfa3, "matroska", { sizeLength: 1 }), ebml(0x18538067, "clusters".repeat(40))]);

/** What undoes each EXIF orientation. */
const UNDO: readonly ((picture: Sharp) => Sharp)[] = [
  (picture) => picture,
  (picture) => picture.flop(),
  (picture) => picture.rotate(180),
  (picture) => picture.flip(),
  (picture) => picture.rotate(270).flop(),
  (picture) => picture.rotate(270),
  (picture) => picture.rotate(90).flop(),
  (picture) => picture.rotate(90),
];
export const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8] as const;

/** An upright picture as a camera stores it that is mounted another way, with the EXIF orientation that says so. */
export async function storedAs(orientation: (typeof ORIENTATIONS)[number], upright: Buffer): Promise<Buffer> {
  const undo = UNDO[orientation - 1];
  if (!undo) throw new Error(`${orientation} is no EXIF orientation`);
  const turned = await undo(sharp(upright)).png().toBuffer();
  return sharp(turned).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
}
