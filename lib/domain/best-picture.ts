/** Which of several pictures show best what was seen. */
import type { Detection } from "./detection.ts";
import { groupOf } from "./labels.ts";

/** What people want to see, the most wanted first. */
const WEIGHT = { person: 4, vehicle: 2, animal: 2, other: 1 } as const;
/** From this share of the frame's width and height on, nothing gets clearer by being larger. */
const LARGE = 0.3;
/** What is cut off by the frame's edge shows less. */
const CUT_OFF = 0.7;

/** Something with what was seen in it. */
interface Pictured {
  readonly detections: readonly Detection[];
}

/** The best of several pictures, the first of equally good ones; undefined where there is none. */
export function bestOf<T extends Pictured>(pictures: readonly T[]): T | undefined {
  let best: { readonly picture: T; readonly score: number } | undefined;
  for (const picture of pictures) {
    const score = clearest(picture.detections);
    if (best === undefined || score > best.score) best = { picture, score };
  }
  return best?.picture;
}

/**
 * At most so many pictures, the best first: for each label the one that shows it best, and none twice. Of equally good
 * ones it is the first.
 */
export function keyPictures<T extends Pictured>(pictures: readonly T[], most: number): T[] {
  const candidates = pictures.flatMap((picture) =>
    [...Map.groupBy(picture.detections, ({ label }) => label)].map(([label, detections]) => ({
      picture,
      label,
      score: clearest(detections),
    })),
  );
  const labels = new Set<string>();
  const chosen = new Set<T>();
  for (const { picture, label } of candidates.sort((a, b) => b.score - a.score)) {
    if (labels.has(label)) continue;
    if (chosen.size === most) break;
    labels.add(label);
    chosen.add(picture);
  }
  return [...chosen];
}

/** Of what was seen in the frames of one file, or of several, that of the best frame; the first of equally good ones. */
export function bestFrame(detections: readonly Detection[]): readonly Detection[] {
  const frames = Map.groupBy(detections, ({ upload_id, offset_ms, frame_width, frame_height }) =>
    JSON.stringify([upload_id, offset_ms, frame_width, frame_height]),
  );
  return bestOf([...frames.values()].map((seen) => ({ detections: seen })))?.detections ?? [];
}

/** How clearly the best thing is to be seen; 0 where nothing was seen. */
function clearest(detections: readonly Detection[]): number {
  return detections.reduce((best, detection) => Math.max(best, clearness(detection)), 0);
}

/**
 * How clearly one object is to be seen, above 0, and how much people want to see it: how sure the detector is, how large it
 * is, and whether all of it is there.
 */
export function clearness({ label, confidence, x, y, width, height, frame_width, frame_height }: Detection): number {
  const size = Math.min(Math.sqrt((width / frame_width) * (height / frame_height)), LARGE) / LARGE;
  const isCutOff = x <= 0 || y <= 0 || x + width >= frame_width || y + height >= frame_height;
  return WEIGHT[groupOf(label) ?? "other"] * confidence * (0.5 + size / 2) * (isCutOff ? CUT_OFF : 1);
}
