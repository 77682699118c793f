/** What a folder takes on the disk. */
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of all files in a folder and below it, links not followed. What vanishes meanwhile is left out. */
export async function folderSize(folder: string, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  for await (const { name, parentPath } of await opendir(folder, { recursive: true })) {
    signal.throwIfAborted();
    const found = await lstat(join(parentPath, name)).catch(() => null);
    if (found?.isFile()) bytes += found.size;
  }
  return bytes;
}
