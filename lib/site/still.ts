/** Reads the pictures that records name: never more than what is the site's own, or an upload. */
import { relative } from "node:path";
import type { Upload } from "../domain/upload.ts";
import { loggedName } from "../media/file-name.ts";
import { openInside } from "../media/open-file.ts";
import { readAndClose } from "../media/read-file.ts";
import { MediaError } from "../resilience/errors.ts";
import type { Site } from "./site.ts";
import { watchedFile } from "./watched-file.ts";

/** A picture without boxes. */
export interface Still {
  readonly bytes: Buffer;
  /** Whose picture it is; undefined for a frame of a clip. */
  readonly upload: Upload | undefined;
}

/**
 * Reads a still. Batches come from elsewhere too, and not every file that one names may be read and passed on: only an
 * upload's own, where a watch has found it, and what lies in the site's data folder. Throws a MediaError.
 */
export async function readStill(path: string, uploads: readonly Upload[], site: Site): Promise<Still> {
  // Cameras use a name again.
  const named = uploads.filter((upload) => upload.path === path);
  const [found] = named.flatMap((upload) => watchedFile(upload, site) ?? []);
  const root = found?.root ?? site.file();
  const { bytes, sha256 } = await readAndClose(await openInside(root, found?.path ?? relative(root, path)));
  const upload = named.find((each) => each.sha256 === sha256);
  if (named.length > 0 && !upload) {
    throw new MediaError("FILE_CHANGED", `${path} is another picture by now than the one that was looked at`);
  }
  return { bytes, upload };
}

/**
 * Reads the picture in which something was seen: the upload itself or, of a clip, the frame that was kept. Throws as
 * `readStill` does.
 */
export async function readSeen(upload: Upload, detectionId: string | undefined, site: Site): Promise<Buffer> {
  if (upload.media_type === "image") return (await readStill(upload.path, [upload], site)).bytes;
  const path = detectionId === undefined ? null : site.store.inspections.stillOf(detectionId);
  if (!path) throw new MediaError("FILE_GONE", `no frame of ${loggedName(upload.path)} is known`);
  return (await readStill(path, [], site)).bytes;
}
