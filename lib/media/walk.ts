/** Listing the media files of a folder and everything below it. */
import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { MediaType } from "../domain/upload.ts";
import { MediaError } from "../resilience/errors.ts";
import { mediaTypeOf } from "./media-type.ts";
import { errnoOf, rootError } from "./open-file.ts";
import { type FileSighting, sightingOf } from "./sighting.ts";

/** One after the other, 10,000 files took five times the processor time (measured). */
const STATS_AT_ONCE = 32;

export interface WalkOptions {
  readonly root: string;
  /** Where to begin, below the root; the root itself is "". */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Each folder below the first one. */
  onFolder(relativePath: string): void;
  /** What cannot be read, such as a folder without permission; the walk goes on. */
  onProblem(problem: MediaError): void;
}

/**
 * Yields the regular files with a media extension in a folder and everything below it, following no links; what
 * vanishes meanwhile is left out. Throws a MediaError `ROOT_MISSING` or `ROOT_UNREADABLE` when the root itself cannot be
 * read, the signal's reason when that aborts.
 */
export async function* walkMedia(options: WalkOptions): AsyncGenerator<FileSighting> {
  const { root, folder, signal, onFolder, onProblem } = options;
  const folders = [folder];
  for (let parent = folders.pop(); parent !== undefined; parent = folders.pop()) {
    signal.throwIfAborted();
    const media: { relativePath: string; mediaType: MediaType }[] = [];
    for (const entry of await listFolder(root, parent, onProblem)) {
      const relativePath = parent === "" ? entry.name : `${parent}/${entry.name}`;
      const mediaType = mediaTypeOf(entry.name);
      if (entry.isDirectory()) {
        folders.push(relativePath);
        onFolder(relativePath);
      } else if (mediaType === null || !entry.isFile()) continue;
      else if (!entry.name.includes("\uFFFD")) media.push({ relativePath, mediaType });
      else onProblem(new MediaError("UNREADABLE_FILE", `${relativePath}: the name is not UTF-8; upload it as such`));
    }
    for (let start = 0; start < media.length; start += STATS_AT_ONCE) {
      const sightings = media.slice(start, start + STATS_AT_ONCE).map(async ({ relativePath, mediaType }) => {
        const stats = await lstat(join(root, relativePath), { bigint: true });
        return sightingOf(relativePath, mediaType, stats);
      });
      for (const sighting of await Promise.allSettled(sightings)) {
        signal.throwIfAborted();
        if (sighting.status === "fulfilled") yield sighting.value;
      }
    }
  }
}

async function listFolder(root: string, folder: string, onProblem: (problem: MediaError) => void): Promise<Dirent[]> {
  const path = join(root, folder);
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (thrown) {
    if (folder === "") throw rootError(root, thrown);
    const errno = errnoOf(thrown);
    if (errno !== "ENOENT" && errno !== "ENOTDIR") {
      onProblem(
        new MediaError("UNREADABLE_FOLDER", `the folder ${path} cannot be read (${errno})`, {
          retryable: true,
          cause: thrown,
        }),
      );
    }
    return [];
  }
}
