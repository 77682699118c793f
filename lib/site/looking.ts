/** Looking at an upload, a still or a clip: what it takes, and what it brings. */
import type { Sighting } from "../detect/detector.ts";
import type { FrameOfClip } from "../detect/normalise.ts";
import type { Clip, Detection, Frame } from "../domain/detection.ts";
import type { Pixels } from "../domain/pixels.ts";
import type { Upload } from "../domain/upload.ts";
import type { UploadFile } from "../store/uploads.ts";

export interface Looking {
  readonly upload: Upload;
  /** Where a watch found it. */
  readonly found: UploadFile | undefined;
  readonly signal: AbortSignal;
  /** Runs native decoding in this process, counted by its step. Must not be called in itself. */
  decode<T>(step: string, work: () => Promise<T>): Promise<T>;
  toDetections(sighting: Sighting, frame?: FrameOfClip): Detection[];
}

export interface Seen {
  /** Those of all pictures. */
  readonly detections: Detection[];
  /** Where several pictures were looked at, the one that shows best what was seen. */
  readonly best: Picture;
  readonly clip?: Clip;
  /** Milliseconds, of all pictures together; null where the detector does not say. */
  readonly inferenceMs: number | null;
}

export interface Picture {
  readonly bytes: Buffer;
  readonly frame: Frame;
  readonly detections: readonly Detection[];
  /** Where the detector has decoded it. */
  readonly preview: Pixels | undefined;
}
