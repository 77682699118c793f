/** The one place where what a detector gave becomes detections, whatever it gave. */
import type { Detection, Frame } from "../domain/detection.ts";
import { deriveId } from "../domain/ids.ts";
import { oneLine } from "../resilience/one-line.ts";
import type { Box, Sighting } from "./detector.ts";
import { type Filters, passes } from "./filters.ts";

/** More boxes than this in one inspection are noise; the most confident of a picture are kept. */
const MAX_BOXES = 1000;

/** The longest label a detection may have. */
const MAX_LABEL = 64;

export interface NormaliseOptions {
  readonly filters: Filters;
  readonly cameraId: string;
  readonly uploadId: string;
  readonly inspectionId: string;
  /** ISO time of the picture, or of the clip's beginning. */
  readonly capturedAt: string;
  /** Of a clip's frame. */
  readonly frame?: FrameOfClip;
}

export interface FrameOfClip {
  /** Milliseconds into the clip. */
  readonly offsetMs: number;
  /** How many detections its frames before this one have. */
  readonly before: number;
}

/**
 * The detections of a still, or of a frame of a clip, the most confident first. Boxes are clamped to the frame and their
 * edges rounded outwards to whole pixels; labels are the detector's own words in lower case. Dropped is a box that does not
 * pass the filters, is outside the frame, inverted, not finite, without a label, or with a confidence outside 0 to 1. Ids
 * come from the inspection and the place in its list, which goes on from frame to frame.
 */
export function toDetections(sighting: Sighting, options: NormaliseOptions): Detection[] {
  const { frame } = sighting;
  const { offsetMs, before } = options.frame ?? { offsetMs: 0, before: 0 };
  return sighting.boxes
    .flatMap((box) => {
      const area = clamp(box, frame);
      const label = oneLine(box.label.toLowerCase(), MAX_LABEL);
      const credible = box.confidence >= 0 && box.confidence <= 1;
      return area && label && credible ? [{ label, confidence: box.confidence, ...area }] : [];
    })
    .filter((box) => passes(box, frame, options.cameraId, options.filters))
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, MAX_BOXES - before)
    .map((box, index) => ({
      detection_id: deriveId("detection", options.inspectionId, before + index),
      upload_id: options.uploadId,
      captured_at: options.capturedAt,
      offset_ms: offsetMs,
      ...box,
      frame_width: frame.width,
      frame_height: frame.height,
    }));
}

/** The part of a box that lies in the frame; null where nothing does. */
function clamp(box: Box, frame: Frame): { x: number; y: number; width: number; height: number } | null {
  if (![box.x, box.y, box.width, box.height].every(Number.isFinite)) return null;
  const left = Math.max(box.x, 0);
  const top = Math.max(box.y, 0);
  const right = Math.min(box.x + box.width, frame.width);
  const bottom = Math.min(box.y + box.height, frame.height);
  if (right <= left || bottom <= top) return null;
  const x = Math.floor(left);
  const y = Math.floor(top);
  return { x, y, width: Math.ceil(right) - x, height: Math.ceil(bottom) - y };
}
