/** Listing the media files of a folder and everything below it. */
import type { Dirent } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import type { MediaType } from "../domain/upload.ts";
import { MediaError } from "../resilience/errors.ts";
import { mediaTypeOf } from "./media-type.ts";
import { errnoOf, rootError } from "./open-file.ts";
import { type FileSighting, sightingOf } from "./sighting.ts";

/** One after the other, 10,000 files took five times the processor time (measured). */
const STATS_AT_ONCE = 32;

/** A folder may hold 100,000 files: so many are in memory at a time. */
const SLICE = 200;

export interface WalkOptions {
  readonly root: string;
  /** Where to begin, below the root; the root itself is "". */
  readonly folder: string;
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
  const { root, signal } = options;
  const folders = [options.folder];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    await options.onFolder?.(folder);
    let slice: Listed[] = [];
    for await (const entry of entries(folder, options)) {
      signal.throwIfAborted();
      const relativePath = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const mediaType = mediaTypeOf(entry.name);
      if (entry.isDirectory()) folders.push(relativePath);
      else if (mediaType === null || !entry.isFile()) continue;
      else if (!entry.name.includes("\uFFFD")) slice.push({ relativePath, mediaType });
      else {
        options.onProblem(
          new MediaError("UNREADABLE_FILE", `${relativePath}: the name is not UTF-8; upload it as such`),
        );
      }
      if (slice.length < SLICE) continue;
      yield sight(root, slice, signal);
      slice = [];
    }
    if (slice.length > 0) yield sight(root, slice, signal);
  }
}

async function sight(root: string, files: readonly Listed[], signal: AbortSignal): Promise<FileSighting[]> {
  const sightings: FileSighting[] = [];
  for (let start = 0; start < files.length; start += STATS_AT_ONCE) {
    const looks = files.slice(start, start + STATS_AT_ONCE).map(async ({ relativePath, mediaType }) => {
      const stats = await lstat(join(root, relativePath), { bigint: true });
      return sightingOf(relativePath, mediaType, stats);
    });
    for (const look of await Promise.allSettled(looks)) {
      if (look.status === "fulfilled") sightings.push(look.value);
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
    const errno = errnoOf(thrown);
    if (errno === "ENOENT" || errno === "ENOTDIR") return;
    onProblem(
      new MediaError("UNREADABLE_FOLDER", `the folder ${path} cannot be read (${errno})`, {
        retryable: true,
        cause: thrown,
      }),
    );
  }
}
