/** The large picture of an event: the one of its batch that shows best what was seen, with all that was seen in it. */
import { relative } from "node:path";
import type { Batch } from "../domain/batch.ts";
import { bestOf } from "../domain/best-picture.ts";
import type { Detection } from "../domain/detection.ts";
import type { Upload } from "../domain/upload.ts";
import { drawAlertPicture } from "../media/alert-picture.ts";
import { openInside } from "../media/open-file.ts";
import { readAndClose } from "../media/read-file.ts";
import { asError, MediaError } from "../resilience/errors.ts";
import { PICTURES, type Site } from "./site.ts";
import { watchedFile } from "./watched-file.ts";

/** A batch's best picture, without boxes. */
interface Still {
  readonly bytes: Buffer;
  /** Whose picture it is; undefined for a frame of a clip. */
  readonly upload: Upload | undefined;
}

/**
 * Draws the picture and stores it; the answer is its path. Null, and a line in the log, where it cannot be had: that is
 * no reason to hold an event back. Throws the signal's reason.
 */
export async function drawEventPicture(
  batch: Batch,
  eventId: string,
  site: Site,
  signal: AbortSignal,
): Promise<string | null> {
  if (batch.still_path === null) return null;
  try {
    const { bytes, upload } = await readStill(batch.still_path, batch.uploads, site);
    const draw = () => drawAlertPicture(bytes, detectionsIn(batch.detections, upload));
    const picture = await site.nativeWork.run(`picture ${eventId}`, draw, signal);
    const path = site.file(PICTURES, batch.camera_id, batch.started_at.slice(0, 10), `${eventId}.jpg`);
    await site.writeFile(path, picture);
    return path;
  } catch (error) {
    signal.throwIfAborted();
    site.logger.warn(`The event ${eventId} has no large picture: ${asError(error).message}`);
    return null;
  }
}

/**
 * Reads a still. Batches come from elsewhere too, and not every file that one names may be read and published: only an
 * upload's own, where a watch has found it, and what lies in the site's data folder.
 */
async function readStill(path: string, uploads: readonly Upload[], site: Site): Promise<Still> {
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

/** What was seen in a still: in one picture of its upload or, where that is not known, in the best of all. */
function detectionsIn(detections: readonly Detection[], upload: Upload | undefined): readonly Detection[] {
  const own = detections.filter(({ upload_id }) => !upload || upload_id === upload.upload_id);
  const pictures = Map.groupBy(own, ({ upload_id, offset_ms, frame_width, frame_height }) =>
    JSON.stringify([upload_id, offset_ms, frame_width, frame_height]),
  );
  return bestOf([...pictures.values()].map((seen) => ({ detections: seen })))?.detections ?? [];
}
