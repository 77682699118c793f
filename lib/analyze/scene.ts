/** What a batch's detections amount to, in words. */
import type { Detection } from "../domain/detection.ts";
import { asData } from "./sanitise.ts";

const LABEL_LENGTH = 64;
/** More labels than this make a summary that nobody reads. */
const LABELS_NAMED = 5;

/** The detections, the most confident first. */
export function byConfidence(detections: readonly Detection[]): Detection[] {
  return detections.toSorted((a, b) => b.confidence - a.confidence);
}

/** The distinct labels, the most confident first. */
export function labelsOf(detections: readonly Detection[]): string[] {
  return [...new Set(byConfidence(detections).map(({ label }) => label))];
}

/** A detector's label as harmless text. */
export function labelText(label: string): string {
  return asData(label, LABEL_LENGTH) || "unnamed object";
}

/** `person, car`, with the number of labels left out; `nothing recognised` where there is none. */
export function sceneText(detections: readonly Detection[]): string {
  const labels = labelsOf(detections);
  if (labels.length === 0) return "nothing recognised";
  const named = labels.slice(0, LABELS_NAMED).map(labelText).join(", ");
  const more = labels.length - LABELS_NAMED;
  return more > 0 ? `${named} and ${more} more` : named;
}

/** Where the centre of the box lies, as one of nine cells: `top left`, `right`, `centre`. */
export function positionOf(detection: Detection): string {
  const row = third((detection.y + detection.height / 2) / detection.frame_height, "top", "bottom");
  const column = third((detection.x + detection.width / 2) / detection.frame_width, "left", "right");
  return [row, column].filter((word) => word !== "").join(" ") || "centre";
}

function third(fraction: number, first: string, last: string): string {
  if (fraction < 1 / 3) return first;
  return fraction > 2 / 3 ? last : "";
}

/** How much of the frame the box fills: `large` from a tenth, `medium` from a fiftieth, else `small`. */
export function sizeOf(detection: Detection): "large" | "medium" | "small" {
  const share = (detection.width * detection.height) / (detection.frame_width * detection.frame_height);
  if (share >= 0.1) return "large";
  return share >= 0.02 ? "medium" : "small";
}
