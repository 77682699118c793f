/** Which of the things a detector sees a user wants to hear of. */
import type { Frame } from "../domain/detection.ts";
import { groupOf, isWanted } from "../domain/labels.ts";
import type { Box } from "./detector.ts";
import { isInside, type Mask, type Point } from "./mask.ts";

export interface Filters {
  /** The least confidence, 0 to 1, of what has no threshold of its own. */
  readonly minConfidence: number;
  /** The least confidence by label or group, in lower case. A label's own goes before its group's. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** Labels or groups; empty takes everything. */
  readonly labels: readonly string[];
  /** The least share of the frame that a box covers, 0 to 1. */
  readonly minArea: number;
  readonly masks: readonly Mask[];
}

/** Whether a box of a camera's picture passes all filters; it lies within the frame, and its label is in lower case. */
export function passes(box: Box, frame: Frame, cameraId: string, filters: Filters): boolean {
  const { labels, minArea, masks } = filters;
  if (box.confidence < thresholdOf(box.label, filters)) return false;
  if (labels.length > 0 && !isWanted(box.label, labels)) return false;
  if (box.width * box.height < minArea * frame.width * frame.height) return false;
  const anchor = anchorOf(box, frame);
  return !masks.some(({ camera = cameraId, points }) => camera === cameraId && isInside(anchor, points));
}

/** The least confidence that anything may have. */
export function lowestThreshold({ minConfidence, thresholds }: Filters): number {
  return Math.min(minConfidence, ...thresholds.values());
}

function thresholdOf(label: string, { minConfidence, thresholds }: Filters): number {
  return thresholds.get(label) ?? thresholds.get(groupOf(label) ?? label) ?? minConfidence;
}

/** Where in the picture a thing is: where it stands on the ground; mere motion stands nowhere, so its middle. */
function anchorOf({ label, x, y, width, height }: Box, frame: Frame): Point {
  const down = label === "motion" ? height / 2 : height;
  return [(x + width / 2) / frame.width, (y + down) / frame.height];
}
