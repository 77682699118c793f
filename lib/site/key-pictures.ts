/** The pictures that a model is shown of a batch: chosen, read, and made as small as it needs them. */
import { type KeyFrame, keyFrames } from "../analyze/key-frames.ts";
import type { KeyPicture, ShownPictures } from "../analyze/prompts/pictures.ts";
import type { Batch } from "../domain/batch.ts";
import { toMillis } from "../domain/time.ts";
import { drawModelPicture } from "../media/model-picture.ts";
import { asError } from "../resilience/errors.ts";
import type { Site } from "./site.ts";
import { readSeen } from "./still.ts";

export interface KeyPictureOptions {
  readonly site: Site;
  /** The node that shows them: two may show the same at a time. */
  readonly nodeId: string;
  /** Pictures, at most. */
  readonly most: number;
  /** In pixels. */
  readonly longestSide: number;
}

/**
 * Those of a batch. One that is gone, has changed or cannot be decoded is left out, with a line in the log: the model then
 * judges by the rest. Throws the signal's reason.
 */
export async function readKeyPictures(
  batch: Batch,
  options: KeyPictureOptions,
  signal: AbortSignal,
): Promise<ShownPictures> {
  const frames = keyFrames(batch, options.most);
  const pictures: KeyPicture[] = [];
  const problems: string[] = [];
  for (const frame of frames) {
    try {
      pictures.push(await readKeyPicture(frame, batch.batch_id, options, signal));
    } catch (error) {
      signal.throwIfAborted();
      problems.push(asError(error).message);
    }
  }
  const [problem] = problems;
  if (problem !== undefined) {
    options.site.logger.warn(
      `Of the batch ${batch.batch_id} the model is shown ${pictures.length} of ${frames.length} pictures: ${problem}`,
    );
  }
  return { pictures, missing: problems.length };
}

async function readKeyPicture(
  { upload, detections }: KeyFrame,
  batchId: string,
  { site, nodeId, longestSide }: KeyPictureOptions,
  signal: AbortSignal,
): Promise<KeyPicture> {
  const bytes = await readSeen(upload, detections[0]?.detection_id, site);
  const draw = () => drawModelPicture(bytes, longestSide);
  const hazard = `shown ${nodeId} ${batchId} ${upload.upload_id}`;
  const { bytes: jpeg, width, height } = await site.nativeWork.run(hazard, draw, signal);
  const [{ captured_at, offset_ms } = { captured_at: upload.captured_at, offset_ms: 0 }] = detections;
  return { jpeg, width, height, time: toMillis(captured_at) + offset_ms, detections };
}
