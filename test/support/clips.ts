/** Clips for tests, made by the system's ffmpeg. */
import { execFileSync, spawnSync } from "node:child_process";

/** Where this is false, a test that needs it calls `this.skip()`. */
export const hasFfmpeg =
  spawnSync("ffmpeg", ["-version"]).status === 0 && spawnSync("ffprobe", ["-version"]).status === 0;

/** Runs ffmpeg, which must succeed; what it has to say is in the error. */
export function ffmpeg(...args: readonly string[]): void {
  execFileSync("ffmpeg", ["-nostdin", "-y", "-loglevel", "error", ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

export interface ClipShape {
  /** Frames; ten are a second. */
  readonly frames?: number;
  readonly size?: string;
  /** So many of the first frames are black. */
  readonly black?: number;
  /** Options of the output. */
  readonly as?: readonly string[];
}

const FIRST_LEVEL = 30;
const LEVEL_STEP = 4;

/**
 * Makes a clip whose left half is white, and whose right half gets lighter from frame to frame, so that `frameNumber`
 * knows each; up to 50 of them.
 */
export function makeClip(path: string, { frames = 50, size = "320x240", black = 0, as = [] }: ClipShape = {}): void {
  const level = `if(lt(X,W/2),235,${FIRST_LEVEL}+${LEVEL_STEP}*N)`;
  const luma = black > 0 ? `if(lt(N,${black}),16,${level})` : level;
  const picture = `nullsrc=size=${size}:rate=10,geq=lum='${luma}':cb=128:cr=128`;
  const quality = ["-c:v", "mpeg4", "-q:v", "2"];
  ffmpeg("-f", "lavfi", "-i", picture, "-frames:v", String(frames), ...quality, ...as, path);
}

/** The number of the frame of such a clip that has this grey level, 0 to 255, on its right. */
export function frameNumber(level: number): number {
  // Video has black at 16 and white at 235.
  return Math.max(0, Math.round((16 + (level * 219) / 255 - FIRST_LEVEL) / LEVEL_STEP));
}
