/**
 * A file that only takes up room. On a full disk SQLite cannot even delete: then the file goes, which leaves room to
 * end what is under way and to tidy up.
 */
import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { type FileHandle, open, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";

const MIB = 1024 * 1024;
const BALLAST_BYTES = 32 * MIB;
/** On a small volume it takes this share at most. */
const SHARE_OF_VOLUME = 0.05;

/**
 * Makes a data folder's ballast where it is missing and twice its size is free. Rejects with the system's error, and
 * with the signal's reason on abort.
 */
export async function makeBallast(dataDir: string, signal: AbortSignal): Promise<void> {
  const path = ballastOf(dataDir);
  if (existsSync(path)) return;
  const { bsize, blocks, bavail } = await statfs(dataDir);
  const size = Math.min(BALLAST_BYTES, Math.floor(blocks * bsize * SHARE_OF_VOLUME));
  if (bavail * bsize < 2 * size) return;
  const temporary = temporaryOf(path);
  try {
    const file = await open(temporary, "w");
    await fill(file, size, signal).finally(() => file.close());
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
}

/** Gives the ballast's room to whoever needs it. Called where something has failed already, so that it never throws. */
export function dropBallast(dataDir: string): void {
  const path = ballastOf(dataDir);
  try {
    for (const file of [path, temporaryOf(path)]) rmSync(file, { force: true });
  } catch {
    // A disk that has become read-only keeps it.
  }
}

/** Real blocks: neither a file with a hole nor bytes that a file system can compress would keep any room. */
async function fill(file: FileHandle, size: number, signal: AbortSignal): Promise<void> {
  const bytes = randomBytes(MIB);
  for (let left = size; left > 0; left -= MIB) {
    signal.throwIfAborted();
    await file.writeFile(bytes.subarray(0, left));
  }
  await file.datasync();
}

function ballastOf(dataDir: string): string {
  return join(dataDir, "ballast");
}

function temporaryOf(path: string): string {
  return `${path}.tmp`;
}
