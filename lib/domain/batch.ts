/** What one camera saw in one stretch of time, to be judged together. */
import { z } from "zod";
import { CameraId } from "./camera.ts";
import { Detection } from "./detection.ts";
import { RecordId } from "./ids.ts";
import { IsoTime } from "./time.ts";
import { Upload } from "./upload.ts";

/** Why a batch closed: the window was full, nothing more came, too many detections, an urgent one, or a command. */
export const CloseReason = z.enum(["window", "idle", "size", "fast_path", "flush"]);
export type CloseReason = z.infer<typeof CloseReason>;

export const Batch = z.object({
  batch_id: RecordId,
  camera_id: CameraId,
  /** Capture time of the first and of the last upload. */
  started_at: IsoTime,
  ended_at: IsoTime,
  close_reason: CloseReason,
  fast_path: z.boolean(),
  detections: z.array(Detection),
  uploads: z.array(Upload),
  /** The picture that shows best what was seen, without boxes; null where there is none. */
  still_path: z.string().nullable().default(null),
  /** The same, small and with boxes. */
  thumbnail_path: z.string().nullable(),
  /** How many pictures looked like these uploads and were not looked at, as of the closing; absent where none did. */
  similar_count: z.int().positive().optional(),
  /** What `enrich` or the user's own flow knows about the scene; an absent part is absent. */
  context: z.record(z.string(), z.unknown()).optional(),
  /**
   * Only where a model lagged behind: ids of the batches that were merged into this one. `close_reason` is then this
   * one's own, and between `started_at` and `ended_at` there may be stretches that belong to no batch.
   */
  merged: z.array(RecordId).optional(),
});
export type Batch = z.infer<typeof Batch>;
