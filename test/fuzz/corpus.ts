/** Good files of every kind that a camera, or somebody who means harm, may upload: what the mutations begin from. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import sharp from "sharp";
import { pngChunk } from "../support/pictures.ts";

export interface Sample {
  readonly what: string;
  /** What its name should end in. */
  readonly extension: string;
  readonly bytes: Buffer;
}

export const ffmpegAvailable = (process.env.PATH ?? "")
  .split(delimiter)
  .some((folder) => existsSync(join(folder, "ffmpeg")));

const WIDTH = 96;
const HEIGHT = 64;

/** A yard with a dark thing in it, a little further on each time. */
function scene(step: number) {
  const x = (step * 17) % (WIDTH - 20);
  return sharp(
    Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
      <rect width="100%" height="60%" fill="#8fb4d8"/><rect y="60%" width="100%" height="40%" fill="#6f9160"/>
      <rect x="${x}" y="30" width="20" height="28" fill="#101018"/></svg>`),
  ).flatten();
}

/** Stills that a camera may really send. */
export async function stills(): Promise<Sample[]> {
  const made: [string, string, Promise<Buffer>][] = [
    ["JPEG", "jpg", scene(0).jpeg().toBuffer()],
    ["JPEG without subsampling", "jpg", scene(1).jpeg({ chromaSubsampling: "4:4:4", quality: 95 }).toBuffer()],
    ["progressive JPEG", "jpg", scene(2).jpeg({ progressive: true }).toBuffer()],
    ["grey JPEG", "jpeg", scene(3).greyscale().jpeg().toBuffer()],
    ["CMYK JPEG", "jpg", scene(4).toColourspace("cmyk").jpeg().toBuffer()],
    ["turned JPEG with EXIF and ICC", "jpg", scene(5).withMetadata({ orientation: 6, density: 300 }).jpeg().toBuffer()],
    ["PNG", "png", scene(6).png().toBuffer()],
    ["16-bit PNG", "png", scene(7).toColourspace("rgb16").png().toBuffer()],
    ["interlaced PNG", "png", scene(8).png({ progressive: true }).toBuffer()],
    ["PNG with a palette", "png", scene(9).png({ palette: true }).toBuffer()],
    ["PNG with transparency", "png", scene(10).ensureAlpha(0.5).png().toBuffer()],
    ["animated PNG", "png", scene(11).png().toBuffer().then(animated)],
  ];
  return Promise.all(made.map(async ([what, extension, bytes]) => ({ what, extension, bytes: await bytes })));
}

/** What is no still that a camera sends, and will come under the name of one. */
export async function strangers(): Promise<Sample[]> {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>';
  const made: [string, Buffer | Promise<Buffer>][] = [
    ["gif", scene(12).gif().toBuffer()],
    ["webp", scene(13).webp().toBuffer()],
    ["tiff", scene(14).tiff().toBuffer()],
    ["bmp", bmp()],
    ["svg", Buffer.from(svg)],
    ["html", Buffer.from("<!doctype html><script>alert(1)</script><h1>Not found</h1>")],
    ["pdf", Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF")],
    ["zip", ZIP],
    ["empty", Buffer.alloc(0)],
    ["zeros", Buffer.alloc(2_000)],
  ];
  return Promise.all(made.map(async ([what, bytes]) => ({ what, extension: what, bytes: await bytes })));
}

/** Clips of one second, where ffmpeg is there to make them. */
export function clips(folder: string): Sample[] {
  if (!ffmpegAvailable) return [];
  const kinds: [string, string, readonly string[]][] = [
    ["MP4", "mp4", []],
    ["MP4 with its index in front", "mp4", ["-movflags", "+faststart"]],
    ["fragmented MP4", "mp4", ["-movflags", "+frag_keyframe+empty_moov"]],
    ["QuickTime", "mov", []],
    ["Matroska", "mkv", []],
    ["AVI", "avi", []],
  ];
  return kinds.map(([what, extension, options], index) => {
    const path = join(folder, `${index}.${extension}`);
    const input = ["-f", "lavfi", "-i", "testsrc=duration=1:size=64x48:rate=5"];
    execFileSync("ffmpeg", ["-v", "error", ...input, "-c:v", "mpeg4", ...options, path], { stdio: "inherit" });
    return { what, extension, bytes: readFileSync(path) };
  });
}

/** An archive with nothing in it. */
export const ZIP = Buffer.from(`504b0506${"00".repeat(18)}`, "hex");

/** Says of a PNG that it has a thousand frames, of which there is one. */
function animated(png: Buffer): Buffer {
  const afterHeader = 33;
  const control = Buffer.alloc(8);
  control.writeUInt32BE(1_000, 0);
  return Buffer.concat([png.subarray(0, afterHeader), pngChunk("acTL", control), png.subarray(afterHeader)]);
}

function bmp(): Buffer {
  const header = Buffer.alloc(54);
  header.write("BM", "latin1");
  header.writeUInt32LE(54 + 12, 2);
  header.writeUInt32LE(54, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(2, 18);
  header.writeInt32LE(2, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  return Buffer.concat([header, Buffer.alloc(12, 0x80)]);
}
