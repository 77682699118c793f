/** Which moments of a batch a model is shown. */
import type { Batch } from "../domain/batch.ts";
import { bestFrame, keyPictures } from "../domain/best-picture.ts";
import type { Detection } from "../domain/detection.ts";
import { toMillis } from "../domain/time.ts";
import type { Upload } from "../domain/upload.ts";

export interface KeyFrame {
  readonly upload: Upload;
  /** Those in this frame: a still has one, a clip several. */
  readonly detections: readonly Detection[];
}

/**
 * At most so many, the best first: for each label the frame that shows it best, and of no upload two. A clip's is the
 * frame that `detect` has kept. The same for the same batch, in whatever order it lists its uploads: of equally good ones
 * it is the earliest, then the one with the lowest id.
 */
export function keyFrames({ detections, uploads }: Pick<Batch, "detections" | "uploads">, most: number): KeyFrame[] {
  const seen = Map.groupBy(inOrder(detections), ({ upload_id }) => upload_id);
  const known = new Map(uploads.map((upload) => [upload.upload_id, upload]));
  const frames = [...seen].flatMap(([uploadId, own]) => {
    const upload = known.get(uploadId);
    return upload ? [{ upload, detections: bestFrame(own) }] : [];
  });
  return keyPictures(frames, most);
}

function inOrder(detections: readonly Detection[]): Detection[] {
  const time = ({ captured_at, offset_ms }: Detection) => toMillis(captured_at) + offset_ms;
  return detections.toSorted(
    (a, b) => time(a) - time(b) || compare(a.upload_id, b.upload_id) || compare(a.detection_id, b.detection_id),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
