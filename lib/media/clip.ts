/** What a clip is, by its container and the frames that it really has. */
import { z } from "zod";
import type { Clip, Frame } from "../domain/detection.ts";
import { listMoments, type Moment } from "./clip-moments.ts";
import { clipError, type Ffmpeg } from "./ffmpeg.ts";

export interface ProbedClip {
  readonly clip: Clip;
  /** As people see it: upright. */
  readonly frame: Frame;
  /** In the order in which they are shown; at least one. */
  readonly moments: readonly Moment[];
  /** What is wrong with the clip although there are frames in it; null where nothing is. */
  readonly damage: string | null;
}

const NO_PICTURES = "there are no pictures in it";

const Header = z.object({
  streams: z.tuple([
    z.object({
      codec_name: z.string().max(64).default("unknown"),
      width: z.int().positive(),
      height: z.int().positive(),
      has_b_frames: z.int().nonnegative().default(0),
      side_data_list: z.array(z.object({ rotation: z.number().optional() })).default([]),
    }),
  ]),
  format: z.object({
    format_name: z.string(),
    duration: z.coerce.number().positive().nullable().catch(null),
    tags: z.object({ major_brand: z.string().optional() }).default({}),
  }),
});

/** ffmpeg's name of a container in which frames have no times to be shown at, only their order of decoding. */
const AVI = "avi";
/** By ffmpeg's names of the containers; as registered with IANA (RFC 4337, RFC 9559, RFC 2361). */
const MIME_TYPES: ReadonlyMap<string | undefined, string> = new Map([
  ["matroska", "video/matroska"],
  [AVI, "video/vnd.avi"],
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
  const heldBack = format.format_name === AVI ? stream.has_b_frames : 0;
  const timing = { durationSeconds: format.duration, heldBack };
  const { moments, endSeconds, damage } = await listMoments(ffmpeg, path, timing, signal);
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
  const entries = [
    "format=format_name,duration",
    "format_tags=major_brand",
    "stream=codec_name,width,height,has_b_frames",
    // All of it: version 4.3 does not know a name for the rotation alone.
    "stream_side_data_list",
  ];
  const options = ["-select_streams", "V:0", "-show_entries", entries.join(":"), "-of", "json=c=1"];
  const { bytes, complaint } = await ffmpeg.probe(path, options, signal);
  const header = Header.safeParse(JSON.parse(bytes.toString("utf8")));
  if (!header.success) throw clipError(complaint ?? NO_PICTURES);
  const [stream] = header.data.streams;
  return { stream, format: header.data.format };
}

function mimeTypeOf({ format_name, tags }: z.infer<typeof Header>["format"]): string {
  const isQuickTime = tags.major_brand === QUICKTIME_BRAND;
  return MIME_TYPES.get(format_name.split(",")[0]) ?? (isQuickTime ? "video/quicktime" : "video/mp4");
}
