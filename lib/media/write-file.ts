/** Writing files that are either there in full or not at all. */
import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isDiskFull } from "../resilience/disk-full.ts";
import { asError, StoreError } from "../resilience/errors.ts";

/**
 * Writes a file by way of a temporary one beside it, making its folder where needed: readers and a kill at any instant
 * find the old file or the new one. With `flush` the bytes are on the disk before the file has its name, so that a
 * power cut does not leave it empty. Throws a StoreError `DISK_FULL` or `FILE_NOT_WRITTEN`, both retryable: disks get
 * room and repairs.
 */
export async function writeFileAtomic(path: string, bytes: Buffer, options: { flush?: boolean } = {}): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, bytes, { flag: "wx", flush: options.flush ?? false });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    const passing = { retryable: true, cause };
    if (isDiskFull(cause)) throw new StoreError("DISK_FULL", `There is no room left for ${path}`, passing);
    throw new StoreError("FILE_NOT_WRITTEN", `${path} cannot be written: ${asError(cause).message}`, passing);
  }
}
