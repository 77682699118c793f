/** What people set while the flows run, from Home Assistant or over MQTT: kept in the store, not in a node's form. */
import { z } from "zod";
import { IsoTime } from "./time.ts";

/** What the household is up to. */
export const MODES = ["home", "away", "night", "off"] as const;
export const Mode = z.enum(MODES);
export type Mode = z.infer<typeof Mode>;

/** Bounds, in minutes. */
export const SNOOZE_TIME = { min: 0, max: 1440 } as const;
/** Bounds of a score. */
export const RISK_THRESHOLD = { min: 0, max: 100 } as const;

const snooze = {
  /** Minutes that a snooze lasts; with none, a snooze ends the one before. */
  snooze_minutes: z.int().min(SNOOZE_TIME.min).max(SNOOZE_TIME.max),
  /** No alert before this; null where nothing was ever snoozed. */
  snoozed_until: IsoTime.nullable(),
};
const NO_SNOOZE = { snooze_minutes: 30, snoozed_until: null };

export const CameraSettings = z.object({
  /** Whether its uploads are looked at. */
  detection: z.boolean(),
  /** Whether it may alert. */
  alerts: z.boolean(),
  /** It never alerts below this score. */
  risk_threshold: z.int().min(RISK_THRESHOLD.min).max(RISK_THRESHOLD.max),
  ...snooze,
});
export type CameraSettings = z.infer<typeof CameraSettings>;

/** What holds until somebody sets it. */
export const CAMERA_DEFAULTS: CameraSettings = { detection: true, alerts: true, risk_threshold: 0, ...NO_SNOOZE };

export const SiteSettings = z.object({
  mode: Mode,
  /** Whether any camera may alert. */
  alerts: z.boolean(),
  ...snooze,
});
export type SiteSettings = z.infer<typeof SiteSettings>;

/** What holds until somebody sets it. */
export const SITE_DEFAULTS: SiteSettings = { mode: "home", alerts: true, ...NO_SNOOZE };
