/** Deleting files: regular ones only, below a folder only, and only what they were when they were chosen. */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MediaError } from "../resilience/errors.ts";
import { loggedName } from "./file-name.ts";
import { errnoOf, isInside, rootError } from "./open-file.ts";

/**
 * `gone`: there is none. `changed`: a file is there that is not the one that was meant, and was left alone; `other`: what
 * is there is no file, or leads out of the root.
 */
export type Removal =
  | { readonly what: "removed"; readonly bytes: number }
  | { readonly what: "gone" | "changed" | "other" };

export interface FileToRemove {
  readonly root: string;
  /** Relative to the root. */
  readonly path: string;
  /** Whether it is the file that is meant, as it is now. */
  isMeant(stats: BigIntStats): boolean;
  /** Everything but the deletion itself. */
  readonly dryRun: boolean;
}

const FOLDER = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0);

/**
 * Deletes a file. No link is followed: not the file itself, nor a folder that leads out of the root. Throws a MediaError,
 * all retryable: `ROOT_MISSING`, `ROOT_UNREADABLE`, and `FILE_NOT_REMOVED` with the system's reason.
 */
export async function removeInside({ root, path, isMeant, dryRun }: FileToRemove): Promise<Removal> {
  const realRoot = await realpath(root).catch((thrown: unknown) => {
    throw rootError(root, thrown);
  });
  let folder: FileHandle | undefined;
  try {
    folder = await open(dirname(join(realRoot, path)), FOLDER);
    const place = await placeOf(folder, dirname(join(realRoot, path)));
    if (!isInside(realRoot, place.real)) return { what: "other" };
    const file = join(place.path, basename(path));
    const stats = await lstat(file, { bigint: true });
    if (!stats.isFile()) return { what: "other" };
    if (!isMeant(stats)) return { what: "changed" };
    if (!dryRun) await unlink(file);
    return { what: "removed", bytes: Number(stats.size) };
  } catch (cause) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(cause))) return { what: "gone" };
    const message = `${loggedName(path)} cannot be deleted (${errnoOf(cause)})`;
    throw new MediaError("FILE_NOT_REMOVED", message, { retryable: true, cause });
  } finally {
    await folder?.close();
  }
}

/**
 * Where an open folder really lies, and a path by which that very folder is reached, whatever is put in its place
 * meanwhile. Only Linux has the latter.
 */
async function placeOf({ fd }: FileHandle, path: string): Promise<{ real: string; path: string }> {
  const anchored = `/proc/self/fd/${fd}`;
  try {
    return { real: await readlink(anchored), path: anchored };
  } catch {
    const real = await realpath(path);
    return { real, path: real };
  }
}
