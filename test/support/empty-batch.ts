/** A closed batch of the porch in which there is nothing, for tests of what is done with batches. */
import type { Batch } from "../../lib/domain/batch.ts";

export const BATCH_AT = "2026-11-20T12:00:00.000Z";

export const EMPTY_BATCH: Batch = {
  batch_id: "ba_1",
  camera_id: "porch",
  started_at: BATCH_AT,
  ended_at: BATCH_AT,
  close_reason: "idle",
  fast_path: false,
  detections: [],
  uploads: [],
  still_path: null,
  thumbnail_path: null,
};
