/** Reading and hashing uploads. */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { MediaError } from "../resilience/errors.ts";
import { giveBack, takeBlock } from "./blocks.ts";
import { openFile } from "./open-file.ts";
import { readAt } from "./read-at.ts";

/** The largest picture that is read into memory, in bytes. */
const MAX_PICTURE_BYTES = 64 * 1024 * 1024;

/**
 * A picture's bytes and their SHA-256. Throws a MediaError: `TOO_LARGE` above 64 MiB, and what `openFile` throws
 * (`FILE_GONE`, `NOT_A_FILE`, `UNREADABLE_FILE`).
 */
export async function readUpload(path: string): Promise<{ bytes: Buffer; sha256: string }> {
  const file = await openFile(path);
  try {
    const bytes = await readPicture(file);
    return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
  } finally {
    await file.close();
  }
}

/** The bytes of an open picture. Throws a MediaError `TOO_LARGE` above 64 MiB. */
export async function readPicture(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  if (size > MAX_PICTURE_BYTES) {
    throw new MediaError("TOO_LARGE", `a picture may have 64 MiB at most; this one has ${size} bytes`);
  }
  return readAt(file, 0, size);
}

/** The SHA-256 of an open file, read in pieces. Rejects with the signal's reason when that aborts. */
export async function hashFile(file: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const chunk = takeBlock();
  try {
    for (let position = 0; ; ) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(chunk.subarray(0, bytesRead));
      position += bytesRead;
    }
  } finally {
    giveBack(chunk);
  }
}
