/** Pictures out of a clip, spread over it, without those on which there is nothing to see. */
import { MediaError } from "../resilience/errors.ts";
import type { Moment } from "./clip-moments.ts";
import type { Ffmpeg } from "./ffmpeg.ts";
import { decodePicture } from "./picture.ts";

export interface ClipFrame {
  /** A JPEG of the clip's own size, upright. */
  readonly bytes: Buffer;
  /** Milliseconds since the clip's first frame. */
  readonly offsetMs: number;
}

export interface ClipFramesOptions {
  readonly ffmpeg: Ffmpeg;
  readonly path: string;
  /** Those of the clip. */
  readonly moments: readonly Moment[];
  /** How many frames to take, at most. */
  readonly count: number;
  readonly signal: AbortSignal;
  /** Runs the decoding of a picture, which may take the process down; `step` says of which. */
  decode<T>(step: string, work: () => Promise<T>): Promise<T>;
}

/** All frames of a clip together, which are in memory at once. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Next to lossless, on ffmpeg's scale from 2 to 31. */
const JPEG = ["-map", "0:V:0", "-frames:v", "1", "-c:v", "mjpeg", "-q:v", "2", "-threads", "1", "-f", "image2pipe"];

/** A picture is looked at in this size for whether there is something to see. */
const SIDE = 64;
/** On a blank picture so much of it is within so many grey levels; the rest may be the time that cameras write in. */
const BLANK_SHARE = 0.95;
const BLANK_LEVELS = 8;

/**
 * Frames in the order in which they are shown. Blank ones, as at the black start of a clip, are replaced by others; a clip
 * in which all are blank is dark, and they are what there is to see. `failed` says why others are missing.
 *
 * Throws a MediaError that says why no frame at all can be decoded, and what `Ffmpeg.decode` throws beside those that the
 * clip is at fault for.
 */
export async function clipFrames(options: ClipFramesOptions): Promise<{ frames: ClipFrame[]; failed: MediaError[] }> {
  const { moments, count, decode } = options;
  const good = new Map<number, ClipFrame>();
  const blank = new Map<number, ClipFrame>();
  const failed: MediaError[] = [];
  let isEnough = false;
  const take = async (indices: readonly number[]) => {
    for (const index of indices) {
      if (isEnough) return;
      const frame = await frameAt(index, options).catch(faultOf);
      if (frame instanceof MediaError) {
        failed.push(frame);
        // Others would take as long.
        isEnough = frame.code === "VIDEO_TIMEOUT";
      } else {
        const isBlank = await decode(`frame ${index}`, () => isBlankPicture(frame.bytes));
        (isBlank ? blank : good).set(index, frame);
        isEnough = bytesOf(good) + bytesOf(blank) > MOST_BYTES;
      }
    }
  };
  await take(spread(moments, count));
  if (good.size > 0) await take(between([...good.keys()], moments.length).slice(0, blank.size));
  const frames = [...(good.size > 0 ? good : blank)].sort(([a], [b]) => a - b).map(([, frame]) => frame);
  const [reason] = failed;
  if (frames.length === 0 && reason) throw reason;
  return { frames, failed };
}

/** Indices of moments, spread over them evenly; a key frame where one is near, since it is decoded alone. */
function spread(moments: readonly Moment[], count: number): number[] {
  const wanted = Math.min(count, moments.length);
  const step = moments.length / wanted;
  return Array.from({ length: wanted }, (_, n) => {
    const middle = Math.floor((n + 0.5) * step);
    for (let away = 0; away <= step / 4; away++) {
      for (const index of [middle - away, middle + away]) if (moments[index]?.isKey) return index;
    }
    return middle;
  });
}

/** The middles of the gaps that follow these indices, in their order. */
function between(indices: readonly number[], end: number): number[] {
  return indices.flatMap((index, n) => {
    const middle = Math.floor((index + (indices[n + 1] ?? end)) / 2);
    return middle > index ? [middle] : [];
  });
}

async function frameAt(index: number, { ffmpeg, path, moments, signal }: ClipFramesOptions): Promise<ClipFrame> {
  const { seconds = 0, leadSeconds = 0 } = moments[index] ?? {};
  const lead = Math.min(leadSeconds, seconds);
  const skip = lead > 0 ? ["-ss", lead.toFixed(6)] : [];
  const { bytes, complaint } = await ffmpeg.decode(path, seconds - lead, [...skip, ...JPEG], signal);
  const offsetMs = Math.round((seconds - (moments[0]?.seconds ?? 0)) * 1000);
  if (bytes.length > 0) return { bytes, offsetMs };
  const reason = complaint ?? "nothing is left of it there";
  throw new MediaError("UNREADABLE_VIDEO", `the clip cannot be decoded at ${offsetMs} ms: ${reason}`);
}

/** What a clip is itself at fault for; anything else is thrown on. */
function faultOf(thrown: unknown): MediaError {
  if (thrown instanceof MediaError && !thrown.retryable) return thrown;
  throw thrown;
}

function bytesOf(frames: ReadonlyMap<number, ClipFrame>): number {
  return [...frames.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
}

async function isBlankPicture(bytes: Buffer): Promise<boolean> {
  const levels = await decodePicture(bytes, (picture) =>
    picture.resize(SIDE, SIDE, { fit: "fill" }).greyscale().raw().toBuffer(),
  );
  const sorted = levels.toSorted();
  const median = sorted[sorted.length >> 1] ?? 0;
  return sorted.filter((level) => Math.abs(level - median) <= BLANK_LEVELS).length >= BLANK_SHARE * sorted.length;
}
