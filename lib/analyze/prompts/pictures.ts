/** Pictures in a prompt: what is said of each, and how much of the context it takes. */
import type { Detection } from "../../domain/detection.ts";
import { byConfidence, labelText } from "../scene.ts";
import type { PromptPicture } from "./prompt.ts";

/**
 * How a model is told where in a picture something is. Of the models that can tell it themselves,
 * - `relative`: most count in thousandths of the picture, as Qwen3-VL does;
 * - `pixels`: Qwen2.5-VL counts in pixels of the picture that it gets.
 *
 * Both said by a developer of them in https://github.com/ggml-org/llama.cpp/issues/16842.
 */
export const BOX_FORMS = ["none", "relative", "pixels"] as const;
export type BoxForm = (typeof BOX_FORMS)[number];

/** How the fixed text explains the boxes; both models know them by this name, with the corners in this order. */
const SCALES: Record<BoxForm, string | null> = {
  none: null,
  relative: "in thousandths of the picture's width and height",
  pixels: "in pixels",
};

/** A picture that can be shown. */
export interface KeyPicture {
  readonly jpeg: Buffer;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** When it was taken, in milliseconds since 1970. */
  readonly time: number;
  /** What was seen in it, in pixels of its own frame, which may have been larger. */
  readonly detections: readonly Detection[];
}

/** The pictures that there are to show of an event. */
export interface ShownPictures {
  /** The best first. */
  readonly pictures: readonly KeyPicture[];
  /** How many more there should be, which cannot be read any more. */
  readonly missing: number;
}

/**
 * Of a picture, in pixels, unless the form says otherwise. Where places matter, Qwen's developers advise 1,024 to 2,048
 * tokens a picture (the same issue), and 1280 x 720 is 1,196 of Qwen2.5-VL's; Gemma 3 takes 896 x 896, and Nemotron Nano VL
 * up to twelve tiles of 512 x 512, as their model cards say.
 */
export const LONGEST_SIDE = 1280;

/** Of each picture; the event's own list has more. */
const MOST_DETECTIONS = 10;

/**
 * What one token shows, in pixels of each side: two patches of 14 with Qwen2-VL and Qwen2.5-VL. Qwen3-VL's, of 16, make
 * fewer tokens.
 */
const TOKEN_SIDE = 28;
/** Models that bring every picture to one size: Gemma 3 has it as 256 (https://ai.google.dev/gemma/docs/capabilities/vision). */
const LEAST_TOKENS = 256;
/** The model's own marks around it. */
const FRAME_TOKENS = 2;

/**
 * About how many tokens a picture takes; no server counts them beforehand. Models that cut pictures into tiles, as
 * InternVL and Nemotron Nano VL do, can take twice as many: then the server says so, and gets fewer pictures.
 */
export function pictureTokens({ width, height }: Pick<KeyPicture, "width" | "height">): number {
  const tokens = Math.ceil(width / TOKEN_SIDE) * Math.ceil(height / TOKEN_SIDE);
  return Math.max(tokens, LEAST_TOKENS) + FRAME_TOKENS;
}

/** The pictures in the order in which they were taken, each with what is said of it; `start` is the event's. */
export function promptPictures(pictures: readonly KeyPicture[], start: number, boxes: BoxForm): PromptPicture[] {
  return pictures
    .toSorted((a, b) => a.time - b.time)
    .map((picture, index, all) => ({
      caption: captionOf(picture, `Picture ${index + 1} of ${all.length}`, start, boxes),
      jpeg: picture.jpeg,
    }));
}

/** How the fixed text explains what stands before each picture. */
export function captionGuide(boxes: BoxForm): string {
  const scale = SCALES[boxes];
  const line = "its number, when it was taken, in seconds after the start, and what the detector reported in it";
  return scale === null ? line : `${line}, with the box as "bbox_2d": [left, top, right, bottom], ${scale}`;
}

function captionOf(picture: KeyPicture, name: string, start: number, boxes: BoxForm): string {
  const shown = byConfidence(picture.detections).slice(0, MOST_DETECTIONS);
  const more = picture.detections.length - shown.length;
  return [
    `${name}, at ${Math.round((picture.time - start) / 1000)} s:`,
    ...shown.map((detection) => `- ${detectionText(detection, picture, boxes)}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
    "",
  ].join("\n");
}

function detectionText(detection: Detection, picture: KeyPicture, boxes: BoxForm): string {
  return JSON.stringify({
    ...(boxes !== "none" && { bbox_2d: boxOf(detection, boxes === "pixels" ? picture : THOUSANDTHS) }),
    label: labelText(detection.label),
    confidence: Number(detection.confidence.toFixed(2)),
  });
}

const THOUSANDTHS = { width: 1000, height: 1000 } as const;

/** The corners of a box, were its frame of this size. */
function boxOf({ x, y, width, height, frame_width, frame_height }: Detection, size: { width: number; height: number }) {
  const across = (at: number) => Math.round((Math.min(at, frame_width) / frame_width) * size.width);
  const down = (at: number) => Math.round((Math.min(at, frame_height) / frame_height) * size.height);
  return [across(x), down(y), across(x + width), down(y + height)];
}
