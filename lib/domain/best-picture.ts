/** Which of several pictures shows best what was seen. */
import type { Detection } from "./detection.ts";
import { groupOf } from "./labels.ts";

/** What people want to see, the most wanted first. */
const WEIGHT = { person: 4, vehicle: 2, animal: 2, other: 1 } as const;
/** From this share of the frame's width and height on, nothing gets clearer by being larger. */
const LARGE = 0.3;
/** What is cut off by the frame's edge shows less. */
const CUT_OFF = 0.7;

/** The best of several pictures, the first of equally good ones; undefined where there is none. */
export function bestOf<T extends { readonly detections: readonly Detection[] }>(pictures: readonly T[]): T | undefined {
  let best: { readonly picture: T; readonly score: number } | undefined;
  for (const picture of pictures) {
    // The best thing on it; 0 where nothing was seen.
    const score = Math.max(0, ...picture.detections.map(clearness));
    if (best === undefined || score > best.score) best = { picture, score };
  }
  return best?.picture;
}

/** How clearly one object is to be seen: how sure the detector is, how large it is, and whether all of it is there. */
function clearness({ label, confidence, x, y, width, height, frame_width, frame_height }: Detection): number {
  const size = Math.min(Math.sqrt((width / frame_width) * (height / frame_height)), LARGE) / LARGE;
  const isCutOff = x <= 0 || y <= 0 || x + width >= frame_width || y + height >= frame_height;
  return WEIGHT[groupOf(label) ?? "other"] * confidence * (0.5 + size / 2) * (isCutOff ? CUT_OFF : 1);
}
