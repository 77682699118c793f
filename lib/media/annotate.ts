/** Draws what was seen into a picture: boxes, and on each a tag with its label and how sure the detector is. */
import type { Detection } from "../domain/detection.ts";
import { groupOf, type LabelGroup } from "../domain/labels.ts";
import type { Area, Canvas, Colour } from "./canvas.ts";
import { dotsOf, GLYPH, widthOf } from "./pixel-font.ts";

/** How large to draw, in pixels. */
export interface Pen {
  /** Width of a box's line. */
  readonly stroke: number;
  /** Side of a dot of the font. */
  readonly dot: number;
}

/** Around a tag's text, in dots. */
const PADDING = 2;

const BLACK: Colour = [0, 0, 0];
const WHITE: Colour = [255, 255, 255];

const RED: Colour = [0xe7, 0x48, 0x56];
const BLUE: Colour = [0x3b, 0x82, 0xf6];
const GREEN: Colour = [0x76, 0xb9, 0x00];
const YELLOW: Colour = [0xff, 0xb8, 0x00];
const PURPLE: Colour = [0xa8, 0x55, 0xf7];
const CYAN: Colour = [0x22, 0xd3, 0xee];

/** Where a label has not the colour of its group. */
const BY_LABEL: ReadonlyMap<string, Colour> = new Map([
  ["bicycle", YELLOW],
  ["motorcycle", YELLOW],
  ["motorbike", YELLOW],
  ["bird", PURPLE],
]);
const BY_GROUP: Readonly<Record<LabelGroup, Colour>> = { person: RED, vehicle: BLUE, animal: GREEN };

/**
 * Draws detections into a canvas that shows their frame. The surest is on top and gets the best place for its tag: above
 * its box, else in it or below; a tag for which no place is left is left out.
 */
export function drawDetections(canvas: Canvas, detections: readonly Detection[], pen: Pen): void {
  const drawn = detections
    .toSorted((a, b) => b.confidence - a.confidence)
    .map((detection) => ({ detection, box: boxOf(detection, canvas, pen), colour: colourOf(detection.label) }));
  for (const { box, colour } of drawn.toReversed()) drawBox(canvas, box, colour, pen);
  const tags: Area[] = [];
  for (const { detection, box, colour } of drawn) {
    const text = tagText(detection, canvas, pen);
    const tag = placeTag(text, box, canvas, tags, pen);
    if (!tag) continue;
    tags.push(tag);
    drawTag(canvas, tag, text, colour, pen);
  }
}

function colourOf(label: string): Colour {
  const group = groupOf(label);
  return BY_LABEL.get(label.toLowerCase()) ?? (group === null ? CYAN : BY_GROUP[group]);
}

/** A detection's box in pixels of the canvas, large enough to be seen. */
function boxOf(detection: Detection, canvas: Canvas, { stroke }: Pen): Area {
  const { frame_width, frame_height } = detection;
  const [x, width] = side(detection.x / frame_width, detection.width / frame_width, canvas.width, stroke);
  const [y, height] = side(detection.y / frame_height, detection.height / frame_height, canvas.height, stroke);
  return { x, y, width, height };
}

/** From shares of the frame to start and length in pixels, on the canvas whatever a record from elsewhere says. */
function side(start: number, length: number, all: number, least: number): [start: number, length: number] {
  const pixels = Math.min(Math.max(Math.round((start + length) * all) - Math.round(start * all), least), all);
  return [Math.min(Math.round(start * all), all - pixels), pixels];
}

function drawBox(canvas: Canvas, { x, y, width, height }: Area, colour: Colour, { stroke }: Pen): void {
  canvas.fill({ x, y, width, height: stroke }, colour);
  canvas.fill({ x, y: y + height - stroke, width, height: stroke }, colour);
  canvas.fill({ x, y, width: stroke, height }, colour);
  canvas.fill({ x: x + width - stroke, y, width: stroke, height }, colour);
}

/** `person 91%`; where there is no room for it, the label is cut. */
function tagText({ label, confidence }: Detection, canvas: Canvas, { dot }: Pen): string {
  const most = Math.floor((canvas.width / dot - 2 * PADDING) / GLYPH.advance);
  const end = ` ${Math.round(confidence * 100)}%`;
  return [...label].slice(0, Math.max(most - end.length, 0)).join("") + end;
}

function placeTag(
  text: string,
  box: Area,
  canvas: Canvas,
  taken: readonly Area[],
  { dot, stroke }: Pen,
): Area | undefined {
  const width = (widthOf([...text].length) + 2 * PADDING) * dot;
  const height = (GLYPH.height + 2 * PADDING) * dot;
  const x = Math.min(box.x, canvas.width - width);
  const bottom = box.y + box.height;
  // On the upper line, in the box from its edge or from its line on, on the lower line, in the box's lower corner.
  const rows = [box.y - height + stroke, box.y, box.y + stroke, bottom - stroke, bottom - height];
  return rows
    .map((y) => ({ x, y, width, height }))
    .find((tag) => holds(canvas, tag) && !taken.some((other) => overlap(tag, other)));
}

function drawTag(canvas: Canvas, tag: Area, text: string, colour: Colour, { dot }: Pen): void {
  canvas.fill(tag, colour);
  const ink = isLight(colour) ? BLACK : WHITE;
  for (const { x, y } of dotsOf(text)) {
    const place = { x: tag.x + (PADDING + x) * dot, y: tag.y + (PADDING + y) * dot };
    canvas.fill({ ...place, width: dot, height: dot }, ink);
  }
}

/** Whether black is to be read better on a colour than white, by its brightness as of ITU-R BT.601. */
function isLight([red, green, blue]: Colour): boolean {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 127.5;
}

function holds(canvas: Canvas, { x, y, width, height }: Area): boolean {
  return x >= 0 && y >= 0 && x + width <= canvas.width && y + height <= canvas.height;
}

function overlap(a: Area, b: Area): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
