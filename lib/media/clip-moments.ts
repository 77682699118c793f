/** Which frames a clip really has, and when they are shown, without decoding them. */
import { MediaError } from "../resilience/errors.ts";
import type { Ffmpeg } from "./ffmpeg.ts";

/** One frame of a clip. */
export interface Moment {
  /** By the clip's own clock, which may start anywhere. */
  readonly seconds: number;
  /** It can be decoded without those before it. */
  readonly isKey: boolean;
  /** So long before it ffmpeg has to begin in order to find it. */
  readonly leadSeconds: number;
}

/** What a clip's header says of its times. */
export interface Timing {
  /** Null where it does not say. */
  readonly durationSeconds: number | null;
  /** How many frames a decoder holds back, where frames have no time of their own to be shown at; else 0. */
  readonly heldBack: number;
}

export interface Moments {
  /** In the order in which they are shown. */
  readonly moments: readonly Moment[];
  /** When the last frame ends. */
  readonly endSeconds: number;
  /** What is wrong with the clip although there are frames in it; null where nothing is. */
  readonly damage: string | null;
}

/** The frames of more than two hours at 25 a second. Of a longer clip only samples are listed: key frames, spread over it. */
const MOST_LISTED = 200_000;
const SAMPLES = 240;
/** What is later, by the word of a broken or hostile file, is left out. */
const LONGEST_SECONDS = 24 * 3600;

/**
 * Where frames have no times of their own, ffmpeg begins up to three frames too late to find one that builds on others:
 * tried with versions 4.3, 5.1 and 9.0, which with a second's lead found all of them.
 */
const LEAD_SECONDS = 1;

/** Lists the frames of a clip, which may be none. Throws what `Ffmpeg.probe` throws. */
export async function listMoments(ffmpeg: Ffmpeg, path: string, timing: Timing, signal: AbortSignal): Promise<Moments> {
  const list = (intervals: string) => listPackets(ffmpeg, path, intervals, timing, signal);
  const all = await list(`%+#${MOST_LISTED}`);
  const { durationSeconds } = timing;
  if (all.count < MOST_LISTED || durationSeconds === null) return all;

  const start = all.moments[0]?.seconds ?? 0;
  const length = Math.min(durationSeconds, LONGEST_SECONDS);
  const times = Array.from({ length: SAMPLES }, (_, n) => start + (n / SAMPLES) * length);
  try {
    const samples = await list(times.map((seconds) => `${seconds.toFixed(3)}%+#1`).join(","));
    const tail = await list(`${(start + length).toFixed(3)}%+#${MOST_LISTED}`);
    return samples.moments.length > 0 ? { ...samples, endSeconds: tail.endSeconds } : all;
  } catch (thrown) {
    // What was listed is there all the same.
    if (thrown instanceof MediaError && !thrown.retryable) return all;
    throw thrown;
  }
}

/** Lists the frames in intervals, as ffprobe's `-read_intervals` has them; `count` is how many packets there were. */
async function listPackets(
  ffmpeg: Ffmpeg,
  path: string,
  intervals: string,
  { heldBack }: Timing,
  signal: AbortSignal,
): Promise<Moments & { count: number }> {
  const entries = "packet=pts_time,dts_time,duration_time,flags";
  const options = ["-select_streams", "V:0", "-read_intervals", intervals, "-show_entries", entries, "-of", "csv=p=0"];
  const { bytes, complaint } = await ffmpeg.probe(path, options, signal);
  const packets = bytes.toString("latin1").split("\n");
  const frames = packets
    .flatMap((packet) => {
      const [pts, dts, length, flags = ""] = packet.split(",");
      const duration = Math.max(numberOf(length) ?? 0, 0);
      const time = (heldBack > 0 ? null : numberOf(pts)) ?? numberOf(dts);
      // What an edit list cuts off ("D") is not shown.
      if (time === null || flags.includes("D")) return [];
      // A frame that was held back gets the time of the one that set it free.
      return [{ seconds: time + heldBack * duration, duration, isKey: flags.startsWith("K") }];
    })
    .sort((a, b) => a.seconds - b.seconds);
  const latest = (frames[0]?.seconds ?? 0) + LONGEST_SECONDS;
  const within = frames.filter(({ seconds }, n) => seconds < latest && seconds !== frames[n - 1]?.seconds);
  const last = within.at(-1);
  return {
    moments: within.map(({ seconds, isKey }) => ({ seconds, isKey, leadSeconds: heldBack > 0 ? LEAD_SECONDS : 0 })),
    endSeconds: last ? Math.min(last.seconds + last.duration, latest) : latest,
    damage: complaint,
    count: packets.length,
  };
}

/** Null for what ffprobe does not know (`N/A`). */
function numberOf(text = ""): number | null {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : null;
}
