/** What a detector saw in an upload. */
import { z } from "zod";
import { RecordId } from "./ids.ts";
import { IsoTime } from "./time.ts";
import { Upload } from "./upload.ts";

/** Width and height of a picture, in pixels. */
export const Frame = z.object({ width: z.int().positive(), height: z.int().positive() });
export type Frame = z.infer<typeof Frame>;

/** One object: a box in pixels of its own frame, origin at the top left, clamped to the frame. */
export const Detection = z.object({
  detection_id: RecordId,
  upload_id: RecordId,
  captured_at: IsoTime,
  /** Milliseconds into a clip; 0 for a still. */
  offset_ms: z.int().nonnegative(),
  label: z.string().min(1).max(64),
  /** 0 to 1. */
  confidence: z.number().min(0).max(1),
  x: z.number().nonnegative(),
  y: z.number().nonnegative(),
  width: z.number().positive(),
  height: z.number().positive(),
  frame_width: z.int().positive(),
  frame_height: z.int().positive(),
});
export type Detection = z.infer<typeof Detection>;

/** A clip, as ffprobe sees it. */
export const Clip = z.object({
  duration_ms: z.int().nonnegative(),
  /** As ffmpeg calls it: `h264`, `hevc`. */
  codec: z.string().max(64),
  mime_type: z.string().max(64),
});
export type Clip = z.infer<typeof Clip>;

/** An inspection's result: the payload that leaves `detect`. */
export const Detected = z.object({
  inspection_id: RecordId,
  upload: Upload,
  frame: Frame,
  detections: z.array(Detection),
  /** The picture without boxes: the upload itself, or the best frame of a clip. Null where nothing was seen. */
  still_path: z.string().nullable().default(null),
  /** A small picture with boxes; null where nothing was seen. */
  thumbnail_path: z.string().nullable(),
  /** Only of a clip. */
  clip: Clip.optional(),
  /** Which detector looked, for people: a server's address or `motion`. */
  detector: z.string(),
  /** Milliseconds the detector itself reports; null where it does not say. */
  inference_ms: z.number().nonnegative().nullable(),
});
export type Detected = z.infer<typeof Detected>;
