/** Looks at a clip: at frames of it, as at pictures of its camera. */
import type { BigIntStats } from "node:fs";
import { type FileHandle, lstat } from "node:fs/promises";
import type { Detector } from "../detect/detector.ts";
import { bestOf } from "../domain/best-picture.ts";
import type { Clip } from "../domain/detection.ts";
import { probeClip } from "../media/clip.ts";
import { type ClipFrame, clipFrames } from "../media/clip-frames.ts";
import type { Ffmpeg } from "../media/ffmpeg.ts";
import { loggedName } from "../media/file-name.ts";
import { openFile, openInside } from "../media/open-file.ts";
import { pictureFrame } from "../media/picture.ts";
import { hashFile } from "../media/read-file.ts";
import { asError, MediaError, ReplyError } from "../resilience/errors.ts";
import type { Logger } from "../resilience/logger.ts";
import type { Looking, Seen } from "./looking.ts";

export interface ClipInspectionOptions {
  readonly ffmpeg: Ffmpeg;
  readonly detector: Detector;
  /** Frames to look at, at most. */
  readonly framesPerClip: number;
  readonly logger: Logger;
}

/**
 * Null where the file is not the upload's any more. Throws a ToolError where ffmpeg is missing; a MediaError or a
 * ReplyError where the clip is at fault, because no frame of it can be decoded, or each is refused; a retryable MediaError
 * `FILE_CHANGED`; and what opening the file and the detector throw.
 */
export async function lookAtClip(looking: Looking, options: ClipInspectionOptions): Promise<Seen | null> {
  const { upload, found, signal } = looking;
  // First, so that nothing else that happens to a clip looks as if ffmpeg were there.
  await options.ffmpeg.assertThere(signal);
  const open = await (found ? openInside(found.root, found.path) : openFile(upload.path));
  const { file, stats: before } = open;
  try {
    // Its time of change proves nothing, since cameras set that; and ffmpeg reads all of it in any case.
    if ((await hashFile(open, signal)) !== upload.sha256) return null;
    const taken = await takeFrames(looking, options).catch(asError);
    await assertSame(file, before, upload.path);
    if (taken instanceof Error) throw taken;
    return await lookAtFrames(taken, looking, options);
  } finally {
    await file.close();
  }
}

interface Taken {
  readonly clip: Clip;
  readonly frames: readonly ClipFrame[];
}

async function takeFrames(looking: Looking, options: ClipInspectionOptions): Promise<Taken> {
  const { upload, signal, decode } = looking;
  const { ffmpeg, framesPerClip: count, logger } = options;
  const { path } = upload;
  const { clip, moments, damage } = await probeClip(ffmpeg, path, signal);
  const { frames, failed } = await clipFrames({ ffmpeg, path, moments, count, signal, decode });
  const problem = failed[0]?.message ?? damage;
  if (problem) logger.warn(`${loggedName(path)} is damaged (${problem}); ${frames.length} frames of it are looked at`);
  return { clip, frames };
}

/** ffmpeg has opened the file by its path, and may have read another one, or another content. */
async function assertSame(file: FileHandle, before: BigIntStats, path: string): Promise<void> {
  const states = [before, await file.stat({ bigint: true }), await lstat(path, { bigint: true }).catch(() => null)];
  const [was, ...is] = states.map((stats) => stats && `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs}`);
  if (is.every((state) => state === was)) return;
  throw new MediaError("FILE_CHANGED", `${loggedName(path)} changed while it was looked at`, { retryable: true });
}

async function lookAtFrames({ clip, frames }: Taken, looking: Looking, options: ClipInspectionOptions): Promise<Seen> {
  const { upload, signal, decode, toDetections } = looking;
  const { detector, logger } = options;
  const pictures = await Promise.all(
    frames.map(async ({ bytes, offsetMs }) => ({
      bytes,
      frame: await pictureFrame(bytes),
      fileName: `frame-${offsetMs}.jpg`,
      cameraId: upload.camera_id,
    })),
  );
  const look = () => detector.detectMany(pictures, signal);
  const answers = await (detector.inProcess ? decode("look", look) : look());
  const refusals = answers.filter((answer) => answer instanceof Error);
  let before = 0;
  const seen = frames.flatMap(({ bytes, offsetMs }, n) => {
    const sighting = answers[n];
    if (!sighting || sighting instanceof Error) return [];
    const detections = toDetections(sighting, { offsetMs, before });
    before += detections.length;
    const { frame, preview, inferenceMs } = sighting;
    return [{ bytes, frame, detections, preview, inferenceMs }];
  });
  const best = bestOf(seen);
  const [refusal] = refusals;
  if (!best) throw refusal ?? new ReplyError("DETECTOR_REPLY", `${detector.name} answered for no frame of the clip`);
  if (refusal) {
    logger.warn(
      `${refusals.length} of ${frames.length} frames of ${loggedName(upload.path)} were refused: ${refusal.message}`,
    );
  }
  return { detections: seen.flatMap(({ detections }) => detections), best, clip, inferenceMs: sumOf(seen) };
}

/** Null where one is not known. */
function sumOf(seen: readonly Pick<Seen, "inferenceMs">[]): number | null {
  return seen.reduce<number | null>(
    (sum, { inferenceMs }) => (sum === null || inferenceMs === null ? null : sum + inferenceMs),
    0,
  );
}
