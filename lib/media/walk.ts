/** Listing the media files of a folder and everything below it. */
import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { MediaError } from "../resilience/errors.ts";
import { mediaTypeOf } from "./media-type.ts";
import { errnoOf, rootError } from "./open-file.ts";
import { type FileSighting, sightingOf } from "./sighting.ts";

/**
 * Yields the regular files with a media extension below `root`, following no links. What cannot be read (a folder
 * without permission) goes to `onProblem` and the walk goes on; what vanishes meanwhile is left out. Throws a MediaError
 * `ROOT_MISSING` or `ROOT_UNREADABLE` when the root itself cannot be read, the signal's reason when that aborts.
 */
export async function* walkMedia(
  root: string,
  signal: AbortSignal,
  onProblem: (problem: MediaError) => void,
): AsyncGenerator<FileSighting> {
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await listFolder(root, folder, onProblem)) {
      signal.throwIfAborted();
      const relativePath = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(relativePath);
      const mediaType = mediaTypeOf(entry.name);
      if (!entry.isFile() || mediaType === null) continue;
      if (entry.name.includes("\uFFFD")) {
        onProblem(
          new MediaError("UNREADABLE_FILE", `${relativePath}: the name is not UTF-8; have it uploaded as such`),
        );
        continue;
      }
      const stats = await lstat(join(root, relativePath), { bigint: true }).catch(() => null);
      if (stats) yield sightingOf(relativePath, mediaType, stats);
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
