/** What every detector is: it looks at one picture and says what it saw, in boxes of that picture. */
import type { Frame } from "../domain/detection.ts";
import type { Pixels } from "../domain/pixels.ts";
import type { ServerReport } from "../domain/server-report.ts";
import { MediaError, ReplyError } from "../resilience/errors.ts";

/**
 * One still, complete and encoded (JPEG, PNG, …). For a server it must be stored as people see it: most decode without
 * regard to EXIF, and would look at a turned picture as it lies.
 */
export interface Picture {
  readonly bytes: Buffer;
  readonly frame: Frame;
  /** With an extension: servers go by it. */
  readonly fileName: string;
  readonly cameraId: string;
}

/** A box as a detector gave it, in pixels of its frame, origin at the top left. Not yet checked against the frame. */
export interface Box {
  label: string;
  confidence: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Sighting {
  /** The picture the boxes are measured in. */
  readonly frame: Frame;
  readonly boxes: readonly Box[];
  /** Milliseconds the detector itself reports; null where it does not say. */
  readonly inferenceMs: number | null;
  /** The picture, upright and as large as a thumbnail, where the detector has decoded it: once is enough. */
  readonly preview?: Pixels;
}

/** What one picture alone was refused for. */
export type PictureFault = ReplyError | MediaError;

export interface Detector {
  /** For people: a server's address or `motion`. */
  readonly name: string;
  /** Whether it decodes pictures in this process, which a broken one may take down. */
  readonly inProcess: boolean;
  /** Pictures it may look at at once. */
  readonly concurrency: number;
  /**
   * Looks at one picture. Throws `ServerError` (the server's fault: try again later), `ReplyError` or `MediaError` (this
   * picture's fault), or the signal's reason as soon as it is aborted.
   */
  detect(picture: Picture, signal: AbortSignal): Promise<Sighting>;
  /**
   * Looks at several pictures of one camera, such as the frames of a clip, in the order in which they were taken. The
   * answers are in that order; a picture that is itself at fault has its error there. Throws `ServerError`, or the
   * signal's reason.
   */
  detectMany(pictures: readonly Picture[], signal: AbortSignal): Promise<readonly (Sighting | PictureFault)[]>;
  /** How it is; a question of its own, never a detection. Throws the signal's reason. */
  look(signal: AbortSignal): Promise<ServerReport>;
  /** Forgets what it learnt from earlier pictures. */
  reset(): void;
  /** Frees what it holds; a picture it is looking at is abandoned. */
  close(): Promise<void>;
}

/** `detectMany` for a detector that takes one picture at a time. */
export async function detectOneByOne(
  detector: Pick<Detector, "detect">,
  pictures: readonly Picture[],
  signal: AbortSignal,
): Promise<(Sighting | PictureFault)[]> {
  const answers: (Sighting | PictureFault)[] = [];
  for (const picture of pictures) {
    answers.push(
      await detector.detect(picture, signal).catch((thrown: unknown) => {
        if (thrown instanceof ReplyError || thrown instanceof MediaError) return thrown;
        throw thrown;
      }),
    );
  }
  return answers;
}
