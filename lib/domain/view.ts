/** What a camera looks at: its view as it should be, and what its last pictures were like. */
import type { Frame } from "./detection.ts";

/** `frozen`: the same picture again and again. */
export const VIEW_STATES = ["ok", "blocked", "moved", "defocused", "frozen"] as const;
export type ViewState = (typeof VIEW_STATES)[number];

/** How a picture differs from the view. */
export const DIFFERENCES = ["blocked", "moved", "defocused"] as const;
export type Difference = (typeof DIFFERENCES)[number];

/** Of a picture itself: `night` is grey, as under an infrared lamp, or dark. */
export type Light = "day" | "night";

/** A camera's view in one light and shape. */
export interface View extends Frame {
  readonly camera_id: string;
  readonly light: Light;
  /** Grey levels in 1/256, row by row: finer than a picture's, so that it can change slowly. */
  readonly levels: Uint16Array;
  /** Pictures that looked like it, less those that did not. */
  readonly votes: number;
  /** When it was last learnt from a picture, in milliseconds since 1970. */
  readonly learnt_ms: number;
}

/** What a camera's last pictures were like. Times in milliseconds since 1970, by our own clock. */
export interface Watch {
  readonly camera_id: string;
  /** When the last picture was captured. */
  readonly last_at: string;
  /** Pictures in a row that differ from the view, by how they do. */
  readonly blocked: number;
  readonly moved: number;
  readonly defocused: number;
  /** When the first of them came; null where the last one does not. */
  readonly differs_ms: number | null;
  /** How often the last picture has come again, and since and until when. */
  readonly repeats: number;
  readonly repeats_ms: number;
  readonly repeated_ms: number;
  /** By what it is known: its content, and what it shows apart from its clock (empty where that is nothing). */
  readonly sha256: string;
  readonly middle: string;
  /** When the view was last seen by day; null where it never was. */
  readonly day_ms: number | null;
  /** What people were told last. */
  readonly told: ViewState | null;
}
