/** Opening files that others wrote: regular ones only, and never through a link. */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { MediaError } from "../resilience/errors.ts";
import { loggedName } from "./file-name.ts";

// O_NONBLOCK keeps a FIFO from holding us until somebody writes to it.
const READ_ONLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface OpenFile {
  readonly file: FileHandle;
  /** As it was when it was opened. */
  readonly stats: BigIntStats;
}

/**
 * Opens a regular file for reading; its last part may not be a link. Throws a MediaError: `FILE_GONE`, `NOT_A_FILE`,
 * `UNREADABLE_FILE` (retryable: permissions and disks get repaired).
 */
export async function openFile(path: string): Promise<OpenFile> {
  let file: FileHandle;
  try {
    file = await open(path, READ_ONLY);
  } catch (thrown) {
    throw openError(path, thrown);
  }
  try {
    const stats = await file.stat({ bigint: true });
    if (stats.isFile()) return { file, stats };
    throw notAFile(path);
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/**
 * Opens a regular file below `root`. A path that leaves the root, by `..` or through a linked folder, is refused.
 * Throws a MediaError: `OUTSIDE_ROOT`, `ROOT_MISSING` (retryable), and what `openFile` throws.
 */
export async function openInside(root: string, relativePath: string): Promise<OpenFile> {
  const path = join(root, relativePath);
  const realRoot = await realpath(root).catch((thrown: unknown) => {
    throw rootError(root, thrown);
  });
  const realFolder = await realpath(dirname(path)).catch((thrown: unknown) => {
    throw openError(path, thrown);
  });
  const outside = () => new MediaError("OUTSIDE_ROOT", `${loggedName(path)} is not inside ${root}`);
  if (!isInside(realRoot, realFolder)) throw outside();
  const opened = await openFile(join(realFolder, basename(path)));
  // Its folder may have become a link after it was looked up.
  const place = await placeOf(opened);
  if (place === null || isInside(realRoot, dirname(place))) return opened;
  await opened.file.close();
  throw outside();
}

/** Why a watched folder cannot be read: `ROOT_MISSING` or `ROOT_UNREADABLE`, both retryable. */
export function rootError(root: string, thrown: unknown): MediaError {
  const options = { retryable: true, cause: thrown };
  if (errnoOf(thrown) === "ENOENT") return new MediaError("ROOT_MISSING", `the folder ${root} does not exist`, options);
  return new MediaError("ROOT_UNREADABLE", `the folder ${root} cannot be read (${errnoOf(thrown)})`, options);
}

/** The system's name for an error (`ENOENT`), else its message. */
export function errnoOf(thrown: unknown): string {
  if (thrown instanceof Error) return "code" in thrown ? String(thrown.code) : thrown.message;
  return String(thrown);
}

function openError(path: string, thrown: unknown): MediaError {
  switch (errnoOf(thrown)) {
    case "ENOENT":
    case "ENOTDIR":
      return new MediaError("FILE_GONE", `${loggedName(path)} does not exist any more`, { cause: thrown });
    case "ELOOP": // a link
    case "ENXIO": // a socket
      return notAFile(path, thrown);
    default:
      return new MediaError("UNREADABLE_FILE", `${loggedName(path)} cannot be read (${errnoOf(thrown)})`, {
        retryable: true,
        cause: thrown,
      });
  }
}

function notAFile(path: string, cause?: unknown): MediaError {
  return new MediaError("NOT_A_FILE", `${loggedName(path)} is not a regular file`, { cause });
}

/** Where an open file really lies; null where the system does not say, which only Linux does. */
function placeOf({ file }: OpenFile): Promise<string | null> {
  return readlink(`/proc/self/fd/${file.fd}`).catch(() => null);
}

/** Whether a folder is another one or below that; both as `realpath` has them. */
export function isInside(root: string, folder: string): boolean {
  const path = relative(root, folder);
  return path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}
