/** Judges a picture by the views of its camera, by day and by night, and says what to learn from it. */
import type { Detection } from "../../domain/detection.ts";
import { groupOf } from "../../domain/labels.ts";
import type { Grey, Pixels } from "../../domain/pixels.ts";
import type { Light, View } from "../../domain/view.ts";
import { type Look, lookOf, structureIn } from "./look.ts";
import { doubted, greyOf, isEstablished, newView, refreshed } from "./view.ts";

/** A small picture, and how much colour it has. */
export interface SmallPicture {
  readonly grey: Grey;
  /** Mean difference of the strongest and the weakest colour of a pixel, in levels. */
  readonly colour: number;
}

export interface Judgement {
  /** Null where nothing can be said: no view holds yet, or it is night. */
  readonly look: Look | null;
  readonly light: Light;
  /** A view to keep, if any. */
  readonly learnt: View | null;
}

/** What else is known. Times in milliseconds since 1970. */
export interface Circumstances {
  readonly camera_id: string;
  /** What the camera has of the picture's shape. */
  readonly views: readonly View[];
  readonly now: number;
  /** When the view was last seen by day. */
  readonly dayMs: number | null;
  /** Since when the pictures differ, if they do. */
  readonly differsMs: number | null;
}

/** With less colour a picture is grey: those under an infrared lamp have none, and a paved yard has little. */
const LEAST_COLOUR = 1;
/** Mean levels: below it a picture is one of the night, colour or not … */
const DIM = 80;
/** … below it there may be no light at all … */
const DARK = 25;
/** … and a view by night above it has a lamp, without which it would not be as bright. */
const LIT = 40;
/** Night does not fall sooner after a picture by day. */
const DUSK_MS = 15 * 60_000;

/** A picture with less to see is never taken for a view. */
const PLAIN = 0.01;
/** Share of the view's structure that must be free of things. */
const LEAST_FREE = 0.4;
/** So far around its box a thing hides the view, in pixels of the small picture: its shadow, and an inexact box. */
const MARGIN = 2;

export function judge(picture: SmallPicture, detections: readonly Detection[], of: Circumstances): Judgement {
  const { grey } = picture;
  const mean = meanOf(grey);
  const light: Light = picture.colour >= LEAST_COLOUR && mean >= DIM ? "day" : "night";
  // What is known to be a thing hides the view. Mere motion does not: a camera that is turned is all motion.
  const things = freeOf(
    detections.filter(({ label }) => groupOf(label) !== null),
    grey,
  );
  const own = of.views.find((view) => view.light === light);
  const other = of.views.find((view) => view.light !== light);
  const ownLook = own ? lookAt(own, grey, things) : null;
  const learnt = learn(own, ownLook, { grey, light, counts: freeOf(detections, grey), of });
  const isKnown = own !== undefined && isEstablished(own);
  if (isKnown && ownLook === "same") return { look: "same", light, learnt };
  // A comparison takes milliseconds: in the other light, only where the one in its own does not settle it.
  const otherLook = other && isEstablished(other) ? lookAt(other, grey, things) : null;
  if (otherLook === "same") return { look: "same", light, learnt };
  // A night that was never seen looks like nothing known; only what shows nothing at all is told from it.
  const look = isKnown ? ownLook : isPlain(grey) ? otherLook : null;
  if (look === "blocked" && mean < DARK && mayBeNight(of)) return { look: null, light, learnt };
  return { look, light, learnt };
}

/** Where too little of the view is free, all of it is compared: then somebody may stand before the lens. */
function lookAt(view: View, picture: Grey, isFree: (at: number) => boolean): Look | null {
  const grey = greyOf(view);
  const { all, counted } = structureIn(grey, isFree);
  const isEnough = counted >= LEAST_FREE * all;
  return lookOf(picture, grey, isEnough ? isFree : () => true);
}

interface Lesson {
  readonly grey: Grey;
  readonly light: Light;
  readonly counts: (at: number) => boolean;
  readonly of: Circumstances;
}

function learn(own: View | undefined, look: Look | null, { grey, light, counts, of }: Lesson): View | null {
  const { camera_id, now } = of;
  if (own && look === "same") return refreshed(own, grey, counts, now);
  if ((own && (look === null || isEstablished(own))) || isPlain(grey)) return null;
  return own ? doubted(own, grey, now) : newView({ camera_id, light }, grey, now);
}

/** Whether there is nothing to see in it. */
export function isPlain(picture: Grey): boolean {
  return structureIn(picture).all < PLAIN;
}

/** Whether the dark may be the night's: a camera without a lamp sees nothing then. */
function mayBeNight({ views, now, dayMs, differsMs }: Circumstances): boolean {
  const hasLamp = views.some((view) => view.light === "night" && isEstablished(view) && meanOf(greyOf(view)) >= LIT);
  const isSudden = dayMs !== null && (differsMs ?? now) - dayMs <= DUSK_MS;
  return !hasLamp && !isSudden;
}

function meanOf({ levels }: Grey): number {
  return levels.reduce((sum, level) => sum + level, 0) / levels.length;
}

/** Which pixels of a small picture nothing that was detected covers. */
function freeOf(detections: readonly Detection[], { width, height }: Grey): (at: number) => boolean {
  const hidden = new Uint8Array(width * height);
  for (const { x, y, width: across, height: down, frame_width, frame_height } of detections) {
    const [right, below] = [width / frame_width, height / frame_height];
    const left = Math.max(Math.floor(x * right) - MARGIN, 0);
    const end = Math.min(Math.ceil((x + across) * right) + MARGIN, width);
    const bottom = Math.min(Math.ceil((y + down) * below) + MARGIN, height);
    for (let row = Math.max(Math.floor(y * below) - MARGIN, 0); row < bottom; row++) {
      if (end > left) hidden.fill(1, row * width + left, row * width + end);
    }
  }
  return (at) => hidden[at] === 0;
}

/** How much colour a picture has. */
export function colourOf({ rgb }: Pixels): number {
  let sum = 0;
  for (let at = 0; at < rgb.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = [rgb[at], rgb[at + 1], rgb[at + 2]];
    sum += Math.max(red, green, blue) - Math.min(red, green, blue);
  }
  return sum / (rgb.length / 3);
}
