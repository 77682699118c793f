/** Reading and hashing uploads. */
import { createHash } from "node:crypto";
import type { MediaType } from "../domain/upload.ts";
import { MediaError } from "../resilience/errors.ts";
import { giveBack, takeBlock, takeBytes } from "./blocks.ts";
import { type OpenFile, openFile } from "./open-file.ts";
import { readInto } from "./read-at.ts";

/** The largest files that are taken, in bytes: pictures are read into memory, and an empty hole of terabytes is no clip. */
export const MOST_BYTES: Readonly<Record<MediaType, number>> = { image: 64 * 1024 ** 2, video: 16 * 1024 ** 3 };

/** What memory a picture is read into, which may have anything in it. */
type Take = (size: number) => Buffer;

/**
 * A picture's bytes, which may lie in a block (`giveBack`), and their SHA-256. Throws a MediaError: `TOO_LARGE` above 64
 * MiB, and what `openFile` throws (`FILE_GONE`, `NOT_A_FILE`, `UNREADABLE_FILE`).
 */
export async function readUpload(path: string): Promise<{ bytes: Buffer; sha256: string }> {
  return readAndClose(await openFile(path), takeBytes);
}

/** The same of an open picture, which is closed then, in memory of its own. Throws a MediaError `TOO_LARGE` above 64 MiB. */
export async function readAndClose(open: OpenFile, take?: Take): Promise<{ bytes: Buffer; sha256: string }> {
  try {
    const bytes = await readPicture(open, take);
    return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
  } finally {
    await open.file.close();
  }
}

/** The bytes of an open picture. Throws a MediaError `TOO_LARGE` above 64 MiB. */
export async function readPicture({ file, stats }: OpenFile, take: Take = Buffer.allocUnsafe): Promise<Buffer> {
  const size = Number(stats.size);
  checkSize("image", size);
  return readInto(take(size), file, 0);
}

/** Throws a MediaError `TOO_LARGE`. */
export function checkSize(mediaType: MediaType, size: number): void {
  if (size <= MOST_BYTES[mediaType]) return;
  const most = `${MOST_BYTES[mediaType] / 1024 ** 2} MiB`;
  const what = mediaType === "image" ? "a picture" : "a clip";
  throw new MediaError("TOO_LARGE", `${what} may have ${most} at most; this one has ${size} bytes`);
}

/**
 * The SHA-256 of an open file as long as it was when it was opened, read in pieces. Rejects with the signal's reason when
 * that aborts.
 */
export async function hashFile({ file, stats }: OpenFile, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const size = Number(stats.size);
  const chunk = takeBlock();
  try {
    for (let position = 0; position < size; ) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, size - position), position);
      if (bytesRead === 0) break;
      hash.update(chunk.subarray(0, bytesRead));
      position += bytesRead;
    }
    return hash.digest("hex");
  } finally {
    giveBack(chunk);
  }
}
