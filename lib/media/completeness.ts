/** Whether a file's own bytes prove that it is whole. */
import type { FileHandle } from "node:fs/promises";
import { EBML_ID, FORMAT_HEAD_BYTES, imageFormat, videoFormat } from "./format.ts";
import { mediaTypeOf } from "./media-type.ts";
import { readAt } from "./read-at.ts";

/** A file that has more parts at its top level than this is never proven whole. */
const MAX_PARTS = 4096;

/** The IEND chunk that ends every PNG: no data, its name, its CRC. */
const PNG_END = Buffer.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
const JPEG_END = Buffer.from([0xff, 0xd9]);

const SEGMENT_ID = 0x18538067;

/**
 * True only when the bytes say that nothing is missing at the end. False means "not proven": the file may grow still,
 * be cut off, be something else than its name says, or be of a kind that does not tell. Reads a few headers and the
 * last bytes, whatever sizes the file claims.
 */
export async function isComplete(file: FileHandle, size: number, fileName: string): Promise<boolean> {
  const mediaType = mediaTypeOf(fileName);
  if (mediaType === null || size < FORMAT_HEAD_BYTES) return false;
  const head = await readAt(file, 0, FORMAT_HEAD_BYTES);
  switch (mediaType === "image" ? imageFormat(head) : videoFormat(head)) {
    case "jpeg":
      return endsWith(file, size, JPEG_END);
    case "png":
      return endsWith(file, size, PNG_END);
    case "mp4":
      return isWholeMp4(file, size);
    case "avi":
      return isWholeAvi(file, size);
    case "matroska":
      return isWholeMatroska(file, size);
    case null:
      return false;
  }
}

async function endsWith(file: FileHandle, size: number, end: Buffer): Promise<boolean> {
  return (await readAt(file, size - end.length, end.length)).equals(end);
}

/**
 * MP4 and QuickTime (ISO/IEC 14496-12): boxes end to end, among them `moov` and `mdat`. A fragmented file (`mvex` in its
 * `moov`) looks whole after each fragment, so there only the index that closes it (`mfra`) is proof.
 */
async function isWholeMp4(file: FileHandle, size: number): Promise<boolean> {
  const boxes = await mp4Boxes(file, 0, size);
  const moov = boxes?.find(({ type }) => type === "moov");
  if (!boxes || !moov || !boxes.some(({ type }) => type === "mdat")) return false;
  const inside = await mp4Boxes(file, moov.body, moov.end);
  const isFragmented = [...boxes, ...(inside ?? [])].some(({ type }) => type === "moof" || type === "mvex");
  return !isFragmented || boxes.at(-1)?.type === "mfra";
}

interface Mp4Box {
  readonly type: string;
  readonly body: number;
  readonly end: number;
}

/** The boxes from `start` to `end`; null where they do not fill that. */
async function mp4Boxes(file: FileHandle, start: number, end: number): Promise<Mp4Box[] | null> {
  const boxes: Mp4Box[] = [];
  for (let position = start; position < end; ) {
    const header = await readAt(file, position, 16);
    if (boxes.length === MAX_PARTS || header.length < 8) return null;
    const boxSize = mp4BoxSize(header);
    if (boxSize === null || boxSize > end - position) return null;
    const body = position + (header.readUInt32BE(0) === 1 ? 16 : 8);
    position += boxSize;
    boxes.push({ type: header.toString("latin1", 4, 8), body, end: position });
  }
  return boxes;
}

/** Null for a box that runs to the end of the file, which proves nothing, and for one smaller than its own header. */
function mp4BoxSize(header: Buffer): number | null {
  const size = header.readUInt32BE(0);
  if (size !== 1) return size >= 8 ? size : null;
  if (header.length < 16) return null;
  const largeSize = Number(header.readBigUInt64BE(8));
  return largeSize >= 16 ? largeSize : null;
}

/** AVI: one RIFF chunk, or with OpenDML several end to end, later ones `AVIX`. Some writers drop the last pad byte. */
async function isWholeAvi(file: FileHandle, size: number): Promise<boolean> {
  let position = 0;
  for (let parts = 0; parts < MAX_PARTS; parts++) {
    const header = await readAt(file, position, 12);
    if (header.length < 12 || header.toString("latin1", 0, 4) !== "RIFF") return false;
    if (header.toString("latin1", 8, 12) !== (parts === 0 ? "AVI " : "AVIX")) return false;
    const chunkSize = header.readUInt32LE(4);
    const end = position + 8 + chunkSize;
    position = end + (chunkSize % 2);
    if (end === size || position === size) return true;
    if (position > size) return false;
  }
  return false;
}

/** Matroska and WebM (RFC 9559): an EBML header, then one Segment of a known size. */
async function isWholeMatroska(file: FileHandle, size: number): Promise<boolean> {
  const header = await ebmlElement(file, 0);
  if (header?.id !== EBML_ID || header.end >= size) return false;
  const segment = await ebmlElement(file, header.end);
  return segment?.id === SEGMENT_ID && segment.end === size;
}

/** An element with an ID of four bytes (RFC 8794); null where its size is unknown or not valid. */
async function ebmlElement(file: FileHandle, position: number): Promise<{ id: number; end: number } | null> {
  const bytes = await readAt(file, position, 12);
  const sizeLength = Math.clz32(bytes[4] ?? 0) - 23;
  if (sizeLength > 8 || bytes.length < 4 + sizeLength) return null;
  const marker = 2n ** BigInt(7 * sizeLength);
  const size = BigInt(`0x${bytes.toString("hex", 4, 4 + sizeLength)}`) - marker;
  if (size === marker - 1n) return null;
  return { id: bytes.readUInt32BE(0), end: position + 4 + sizeLength + Number(size) };
}
