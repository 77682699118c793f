/** A file that a camera dropped, complete and readable. */
import { z } from "zod";
import { CameraId } from "./camera.ts";
import { RecordId } from "./ids.ts";
import { IsoTime } from "./time.ts";

export const MediaType = z.enum(["image", "video"]);
export type MediaType = z.infer<typeof MediaType>;

/** SHA-256 in lower-case hexadecimal. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 is 64 hexadecimal digits");

export const Upload = z.object({
  upload_id: RecordId,
  camera_id: CameraId,
  /** Absolute path of the file on this machine. */
  path: z.string().min(1),
  media_type: MediaType,
  /** Bytes. */
  size: z.int().nonnegative(),
  /** The camera's own time; windows run on it. */
  captured_at: IsoTime,
  /** Ours. */
  received_at: IsoTime,
  sha256: Sha256,
});
export type Upload = z.infer<typeof Upload>;
