/** Positional reads of parts of a file. */
import type { FileHandle } from "node:fs/promises";

/** Up to `length` bytes from `position` on: fewer where the file ends before. */
export async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  return readInto(Buffer.allocUnsafe(length), file, position);
}

/** Fills a buffer; the answer is the part of it that was filled, where the file ends before. */
export async function readInto(buffer: Buffer, file: FileHandle, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
