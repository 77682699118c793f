/** The large picture of an event: the one of its batch that shows best what was seen, with all that was seen in it. */
import type { Batch } from "../domain/batch.ts";
import { bestFrame } from "../domain/best-picture.ts";
import type { Detection } from "../domain/detection.ts";
import type { Upload } from "../domain/upload.ts";
import { drawAlertPicture } from "../media/alert-picture.ts";
import { asError } from "../resilience/errors.ts";
import { PICTURES, type Site } from "./site.ts";
import { readStill } from "./still.ts";

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

/** What was seen in a still: in one picture of its upload or, where that is not known, in the best of all. */
function detectionsIn(detections: readonly Detection[], upload: Upload | undefined): readonly Detection[] {
  const own = detections.filter(({ upload_id }) => !upload || upload_id === upload.upload_id);
  return bestFrame(own);
}
