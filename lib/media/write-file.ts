/** Writing files that are either there in full or not at all. */
import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file by way of a temporary one beside it, making its folder where needed: readers and a kill at any instant
 * find the old file or the new one. With `flush` the bytes are on the disk before the file has its name, so that a
 * power cut does not leave it empty.
 */
export async function writeFileAtomic(path: string, bytes: Buffer, options: { flush?: boolean } = {}): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(temporary, bytes, { flag: "wx", flush: options.flush ?? false });
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true });
    throw thrown;
  }
}
