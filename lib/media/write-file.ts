/** Writing files that are either there in full or not at all. */
import { randomUUID } from "node:crypto";
import { mkdir, open, opendir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, isDiskFull } from "../resilience/disk-full.ts";
import { asError, StoreError } from "../resilience/errors.ts";

/** Tells the temporary files of this process from those that killed ones have left. */
const PROCESS = randomUUID();
const TEMPORARY_NAME = /\.(?<process>[\da-f-]{36})\.\d+\.tmp$/;

let written = 0;

/**
 * Writes a file by way of a temporary one beside it, making its folder where needed: readers and a kill at any instant
 * find the old file or the new one. With `flush` it is on the disk when this resolves, name and all, and a power cut
 * takes nothing of it. Throws a StoreError `DISK_FULL` or `FILE_NOT_WRITTEN`, both retryable: disks get room and repairs.
 */
export async function writeFileAtomic(path: string, bytes: Buffer, options: { flush?: boolean } = {}): Promise<void> {
  const { flush = false } = options;
  const folder = dirname(path);
  written += 1;
  const temporary = `${path}.${PROCESS}.${written}.tmp`;
  try {
    const made = await writeNew(temporary, bytes, flush);
    await rename(temporary, path);
    if (flush) await flushFolders(folder, made === undefined ? folder : dirname(made));
  } catch (cause) {
    // Where even that is not possible, why the file could not be written says more.
    await rm(temporary, { force: true }).catch(() => {});
    const passing = { retryable: true, cause };
    if (isDiskFull(cause)) throw new StoreError("DISK_FULL", `There is no room left for ${path}`, passing);
    throw new StoreError("FILE_NOT_WRITTEN", `${path} cannot be written: ${asError(cause).message}`, passing);
  }
}

/** Writes a file that is not there yet; the answer is the uppermost folder that had to be made for it, if any had to be. */
async function writeNew(path: string, bytes: Buffer, flush: boolean): Promise<string | undefined> {
  const write = () => writeFile(path, bytes, { flag: "wx", flush });
  try {
    await write();
    return undefined;
  } catch (thrown) {
    if (codeOf(thrown) !== "ENOENT") throw thrown;
  }
  const made = await mkdir(dirname(path), { recursive: true });
  await write();
  return made;
}

/** Removes from a folder and all below it the temporary files that `writeFileAtomic` has left in a process that was killed. */
export async function removeLeftovers(folder: string): Promise<void> {
  try {
    for await (const { name, parentPath } of await opendir(folder, { recursive: true })) {
      const writer = TEMPORARY_NAME.exec(name)?.groups?.process;
      if (writer !== undefined && writer !== PROCESS) await rm(join(parentPath, name), { force: true });
    }
  } catch (thrown) {
    if (codeOf(thrown) !== "ENOENT") throw thrown;
  }
}

/** A folder holds the names of what is in it, and so do those above it up to `top`, where they are new. */
async function flushFolders(folder: string, top: string): Promise<void> {
  await flushFolder(folder);
  if (folder !== top) await flushFolders(dirname(folder), top);
}

async function flushFolder(folder: string): Promise<void> {
  // Windows does not flush folders.
  if (process.platform === "win32") return;
  const handle = await open(folder);
  try {
    await handle.sync();
  } catch (thrown) {
    // Nor do some file systems.
    if (codeOf(thrown) !== "EINVAL") throw thrown;
  } finally {
    await handle.close();
  }
}
