/** Stills of the real footage that lies beside the repository, where it and ffmpeg are there. It is never committed. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import labels from "./footage-labels.json" with { type: "json" };

const FOLDER = join(import.meta.dirname, "../../../../shared/media");
const CAR_PARK = "car-detection.mp4";
const YARD = "person-bicycle-car-detection.gif";

/** Both clips are cut at this size: the smaller one's own. */
export const WIDTH = 480;
export const HEIGHT = 270;
const STILL_BYTES = WIDTH * HEIGHT * 3;

/** RGB, three bytes a pixel. */
export type Still = Uint8Array;

export interface Shot {
  readonly still: Still;
  /** Whether a car, a person or a bicycle is in view and not parked; null where it does not matter what is found. */
  readonly busy: boolean | null;
}

export const footageIsThere =
  [CAR_PARK, YARD].every((clip) => existsSync(join(FOLDER, clip))) && spawnSync("ffmpeg", ["-version"]).status === 0;

/** One still a second: cars that come and go on a car park, while the exposure follows them. */
export function carPark(): Shot[] {
  return label(cut(CAR_PARK, "fps=1"), labels[CAR_PARK]);
}

/** A car, a walking person and one with a bicycle, and the same place without them. */
export function yard(): { busy: Shot[]; empty: Shot } {
  const busy = label(cut(YARD, "fps=1"), labels[YARD]);
  // The clip never shows it empty. All move on within a third of it, so that the median of its pictures does.
  return { busy, empty: { still: median(cut(YARD, "fps=4")), busy: false } };
}

export function encode(still: Still, quality = 85): Promise<Buffer> {
  return sharp(still, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}

function label(stills: readonly Still[], { stills: count, busy }: { stills: number; busy: object }): Shot[] {
  if (stills.length !== count) throw new Error(`${stills.length} stills were cut where ${count} are labelled`);
  return stills.map((still, i) => ({ still, busy: `${i + 1}` in busy }));
}

function cut(clip: string, filter: string): Still[] {
  const scale = `scale=${WIDTH}:${HEIGHT}`;
  const output = ["-vf", `${filter},${scale}`, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"];
  const raw = execFileSync("ffmpeg", ["-v", "error", "-i", join(FOLDER, clip), ...output], { maxBuffer: 2 ** 26 });
  return Array.from({ length: raw.length / STILL_BYTES }, (_, i) =>
    raw.subarray(i * STILL_BYTES, (i + 1) * STILL_BYTES),
  );
}

function median(stills: readonly Still[]): Still {
  const levels = new Uint8Array(stills.length);
  return new Uint8Array(STILL_BYTES).map((_, at) => {
    stills.forEach((still, i) => {
      levels[i] = still[at] ?? 0;
    });
    return levels.sort()[levels.length >> 1] ?? 0;
  });
}
