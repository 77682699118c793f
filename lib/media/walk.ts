/** Listing the media files of a folder and everything below it. */
import type { Dirent } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { MediaType } from "../domain/upload.ts";
import { MediaError } from "../resilience/errors.ts";
import { loggedName } from "./file-name.ts";
import { mediaTypeOf } from "./media-type.ts";
import { errnoOf, rootError } from "./open-file.ts";
import { type FileSighting, sightingOf } from "./sighting.ts";

/**
 * One after the other, 10,000 files took five times the processor time (measured). A network drive may hang, and must not
 * take all four threads that the process has for files.
 */
const STATS_AT_ONCE = { local: 32, network: 2 };

/** A folder may hold 100,000 files: so many are in memory at a time. */
const SLICE = 200;

export interface WalkOptions {
  readonly root: string;
  /** Where to begin, below the root; the root itself is "". */
  readonly folder: string;
  /** Whether the folder may be on a network drive. */
  readonly network: boolean;
  readonly signal: AbortSignal;
  /** Each folder, the first one included, before it is listed. */
  onFolder?(relativePath: string): Promise<void>;
  /** What cannot be read, such as a folder without permission; the walk goes on. */
  onProblem(problem: MediaError): void;
}

interface Listed {
  readonly relativePath: string;
  readonly mediaType: MediaType;
}

/**
 * Yields the regular files with a media extension in a folder and everything below it, following no links, in slices of
 * at most 200; what vanishes meanwhile is left out. Throws a MediaError `ROOT_MISSING` or `ROOT_UNREADABLE` when the
 * root itself cannot be read, the signal's reason when that aborts.
 */
export async function* walkMedia(options: WalkOptions): AsyncGenerator<FileSighting[]> {
  const { signal } = options;
  const folders = [options.folder];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await options.onFolder?.(folder);
    let slice: Listed[] = [];
    for await (const entry of entries(folder, options)) {
      signal.throwIfAborted();
      const relativePath = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const mediaType = mediaTypeOf(entry.name);
      const isFolder = entry.isDirectory();
      if (!isFolder && (mediaType === null || !entry.isFile())) continue;
      if (entry.name.includes("\uFFFD")) options.onProblem(notUtf8(relativePath, isFolder));
      else if (isFolder) folders.push(relativePath);
      else if (mediaType !== null) slice.push({ relativePath, mediaType });
      if (slice.length < SLICE) continue;
      yield sight(folder, slice, options);
      slice = [];
    }
    if (slice.length > 0) yield sight(folder, slice, options);
  }
}

function notUtf8(relativePath: string, isFolder: boolean): MediaError {
  const what = isFolder
    ? "the folder's name is not UTF-8, so nothing in it is taken; rename it"
    : "the name is not UTF-8; upload it as such";
  return new MediaError("UNREADABLE_FILE", `${loggedName(relativePath)}: ${what}`);
}

async function sight(folder: string, files: readonly Listed[], options: WalkOptions): Promise<FileSighting[]> {
  const { root, network, signal, onProblem } = options;
  const atOnce = network ? STATS_AT_ONCE.network : STATS_AT_ONCE.local;
  const sightings: FileSighting[] = [];
  for (let start = 0; start < files.length; start += atOnce) {
    const looks = files.slice(start, start + atOnce).map(async ({ relativePath, mediaType }) => {
      const stats = await lstat(join(root, relativePath), { bigint: true });
      return sightingOf(relativePath, mediaType, stats);
    });
    for (const look of await Promise.allSettled(looks)) {
      if (look.status === "fulfilled") sightings.push(look.value);
      // A folder may be listed without permission to look at what is in it.
      else if (!isGone(look.reason)) onProblem(unreadable(join(root, folder), look.reason));
    }
  }
  signal.throwIfAborted();
  return sightings;
}

async function* entries(folder: string, { root, onProblem }: WalkOptions): AsyncGenerator<Dirent> {
  const path = join(root, folder);
  try {
    yield* await opendir(path, { bufferSize: SLICE });
  } catch (thrown) {
    if (folder === "") throw rootError(root, thrown);
    if (isGone(thrown)) return;
    onProblem(unreadable(path, thrown));
  }
}

function isGone(thrown: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(errnoOf(thrown));
}

function unreadable(folder: string, cause: unknown): MediaError {
  const message = `the folder ${loggedName(folder)} cannot be read (${errnoOf(cause)})`;
  return new MediaError("UNREADABLE_FOLDER", message, { retryable: true, cause });
}
