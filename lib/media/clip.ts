/** What a clip is, by its container, and which frames it really has. */
import { z } from "zod";
import type { Clip, Frame } from "../domain/detection.ts";
import { clipError, type Ffmpeg } from "./ffmpeg.ts";

/** One frame of a clip. */
export interface Moment {
  /** By the clip's own clock, which may start anywhere. */
  readonly seconds: number;
  /** It can be decoded without those before it. */
  readonly isKey: boolean;
}

export interface ProbedClip {
  readonly clip: Clip;
  /** As people see it: upright. */
  readonly frame: Frame;
  /** In the order in which they are shown; at least one. */
  readonly moments: readonly Moment[];
  /** What is wrong with the clip although there are frames in it; null where nothing is. */
  readonly damage: string | null;
}

/** Of a longer clip, more than two hours at 25 frames a second, only so many frames are known. */
const MOST_FRAMES = 200_000;
/** What is later, by the word of a broken or hostile file, is left out. */
const LONGEST_SECONDS = 24 * 3600;

const NO_PICTURES = "there are no pictures in it";

const VIDEO = ["-select_streams", "V:0"];

const Header = z.object({
  streams: z.tuple([
    z.object({
      codec_name: z.string().max(64).default("unknown"),
      width: z.int().positive(),
      height: z.int().positive(),
      side_data_list: z.array(z.object({ rotation: z.number().optional() })).default([]),
    }),
  ]),
  format: z.object({
    format_name: z.string(),
    tags: z.object({ major_brand: z.string().optional() }).default({}),
  }),
});

/** By ffmpeg's names of the containers; as registered with IANA (RFC 4337, RFC 9559, RFC 2361). */
const MIME_TYPES: ReadonlyMap<string | undefined, string> = new Map([
  ["matroska", "video/matroska"],
  ["avi", "video/vnd.avi"],
]);
const QUICKTIME_BRAND = "qt  ";

/**
 * Reads a clip's header, and lists its frames without decoding them: headers may be missing, as in a clip that broke off,
 * or lie. Throws what `Ffmpeg.probe` throws; a clip without pictures is `UNREADABLE_VIDEO`.
 */
export async function probeClip(ffmpeg: Ffmpeg, path: string, signal: AbortSignal): Promise<ProbedClip> {
  const { stream, format } = await readHeader(ffmpeg, path, signal);
  const { width, height, codec_name: codec } = stream;
  const { rotation = 0 } = stream.side_data_list.find((data) => data.rotation !== undefined) ?? {};
  const isOnItsSide = Math.abs(rotation) % 180 === 90;
  const { moments, endSeconds, damage } = await listFrames(ffmpeg, path, signal);
  const [first] = moments;
  if (!first) throw clipError(damage ?? NO_PICTURES);
  const duration_ms = Math.round((endSeconds - first.seconds) * 1000);
  return {
    clip: { duration_ms, codec, mime_type: mimeTypeOf(format) },
    frame: isOnItsSide ? { width: height, height: width } : { width, height },
    moments,
    damage,
  };
}

async function readHeader(ffmpeg: Ffmpeg, path: string, signal: AbortSignal) {
  const entries = "format=format_name:format_tags=major_brand:stream=codec_name,width,height:stream_side_data=rotation";
  const options = [...VIDEO, "-show_entries", entries, "-of", "json=c=1"];
  const { bytes, complaint } = await ffmpeg.probe(path, options, signal);
  const header = Header.safeParse(JSON.parse(bytes.toString("utf8")));
  if (!header.success) throw clipError(complaint ?? NO_PICTURES);
  const [stream] = header.data.streams;
  return { stream, format: header.data.format };
}

async function listFrames(ffmpeg: Ffmpeg, path: string, signal: AbortSignal) {
  const entries = "packet=pts_time,dts_time,duration_time,flags";
  const limit = ["-read_intervals", `%+#${MOST_FRAMES}`];
  const options = [...VIDEO, ...limit, "-show_entries", entries, "-of", "csv=p=0"];
  const { bytes, complaint } = await ffmpeg.probe(path, options, signal);
  const frames = bytes
    .toString("latin1")
    .split("\n")
    .flatMap((line) => {
      const [pts, dts, duration, flags = ""] = line.split(",");
      // AVI has no presentation times. What an edit list cuts off ("D") is not shown.
      const seconds = numberOf(pts) ?? numberOf(dts);
      if (seconds === null || flags.includes("D")) return [];
      return [{ seconds, duration: numberOf(duration) ?? 0, isKey: flags.startsWith("K") }];
    })
    .sort((a, b) => a.seconds - b.seconds);
  const latest = (frames[0]?.seconds ?? 0) + LONGEST_SECONDS;
  const moments = frames.filter(({ seconds }) => seconds < latest);
  const last = moments.at(-1);
  const endSeconds = last ? Math.min(last.seconds + Math.max(last.duration, 0), latest) : latest;
  return { moments, endSeconds, damage: complaint };
}

/** Null for what ffprobe does not know (`N/A`). */
function numberOf(text = ""): number | null {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : null;
}

function mimeTypeOf({ format_name, tags }: z.infer<typeof Header>["format"]): string {
  const isQuickTime = tags.major_brand === QUICKTIME_BRAND;
  return MIME_TYPES.get(format_name.split(",")[0]) ?? (isQuickTime ? "video/quicktime" : "video/mp4");
}
