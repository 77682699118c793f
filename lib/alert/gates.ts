/** What must hold besides a rule: that it is news, that people want to hear of it now, and that they have not just done so. */
import type { AlertState, Condition } from "../domain/alert.ts";
import type { SecurityEvent } from "../domain/event.ts";
import { gravityOf, RISK_LEVELS, type RiskLevel } from "../domain/risk.ts";
import type { CameraSettings, SiteSettings } from "../domain/settings.ts";
import { toIso, toMillis } from "../domain/time.ts";
import type { AlertLimits, AlertRule } from "./rule.ts";
import type { Judgement } from "./rule-conditions.ts";
import { clockAt, isScheduled, scheduleText } from "./schedule.ts";

/** An alert that stands, and that the event belongs to: of an earlier revision, or of its incident. */
export interface RunningAlert {
  /** The gravest that people were told. */
  readonly severity: RiskLevel | null;
  readonly state: AlertState;
  /** Until when the last of its cameras is snoozed; null where none is. */
  readonly snoozed_until: string | null;
}

/** When people were last told of something with the same key, and how grave that was. */
export interface LastSent {
  readonly sent_at: string;
  readonly severity: RiskLevel | null;
}

/** What people have set, and what was sent before. */
export interface Circumstances {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The camera's, for rules; and the site's, for quiet hours. */
  readonly cameraTimeZone: string;
  readonly siteTimeZone: string;
  readonly judgement: Judgement;
  readonly camera: CameraSettings;
  readonly site: SiteSettings;
  /** The incident that the event belongs to; null where nobody has said. */
  readonly incidentId: string | null;
  readonly running: RunningAlert | null;
  lastSent(key: string): LastSent | null;
  /** Alerts of the node that were sent since a time (ISO). */
  sentSince(time: string): number;
}

/** What happened longer ago than this is history: it alerts nobody by itself. */
const LATE_MS = 15 * 60_000;

export function lateGate({ ended_at }: SecurityEvent, now: number): Condition {
  const age = now - toMillis(ended_at);
  const minutes = Math.max(0, Math.round(age / 60_000));
  return {
    name: "late",
    passed: age <= LATE_MS,
    value: `${minutes} min ago`,
    asked: `ended up to ${LATE_MS / 60_000} min ago`,
  };
}

/** The camera's own limit, whatever the rules say; null where the event has no score. */
export function thresholdGate({ judgement: { score }, camera: { risk_threshold } }: Circumstances): Condition | null {
  if (score === null) return null;
  const asked = `the camera's risk threshold, ${risk_threshold}, or more`;
  return { name: "threshold", passed: score >= risk_threshold, value: score, asked };
}

export function switchGate({ camera, site }: Circumstances): Condition {
  const off = [...(camera.alerts ? [] : ["the camera"]), ...(site.alerts ? [] : ["the whole site"])];
  const value = off.length === 0 ? "on" : `off for ${off.join(" and for ")}`;
  return { name: "switch", passed: off.length === 0, value, asked: "on" };
}

/** A snooze of any of its cameras silences what only brings an alert up to date. */
export function snoozeGate({ camera, site, running, now }: Circumstances, isUpdate: boolean): Condition {
  const ends = [camera.snoozed_until, site.snoozed_until, ...(isUpdate ? [running?.snoozed_until ?? null] : [])];
  const last = ends
    .filter((end) => end !== null && toMillis(end) > now)
    .sort()
    .at(-1);
  const asked = "not snoozed";
  if (!last) return { name: "snooze", passed: true, value: asked, asked };
  return {
    name: "snooze",
    passed: false,
    value: `snoozed until ${last}`,
    asked,
    left_s: secondsIn(toMillis(last) - now),
  };
}

/** What somebody has dismissed is brought up to date no more. */
export function dismissedGate({ running }: Circumstances): Condition {
  const state = running?.state ?? "pending";
  return { name: "dismissed", passed: state !== "dismissed", value: state, asked: "not dismissed" };
}

/** Null where there are none. By the clock of whoever would be woken, now. */
export function quietGate(
  severity: RiskLevel | null,
  { quietHours, quietSeverity }: AlertLimits,
  { now, siteTimeZone }: Circumstances,
): Condition | null {
  if (quietHours === null) return null;
  const isQuiet = isScheduled(quietHours, now, siteTimeZone);
  const isGrave = quietSeverity !== null && gravityOf(severity) >= gravityOf(quietSeverity);
  const time = clockAt(now, quietHours.timeZone || siteTimeZone);
  const but = quietSeverity === null ? "" : `, or ${quietSeverity} at least`;
  return {
    name: "quiet_hours",
    passed: !isQuiet || isGrave,
    value: `${severity ?? "no level"}, ${time}`,
    asked: `not ${scheduleText(quietHours)}${but}`,
  };
}

/** From the last alert with this key that was sent; one that is graver breaks through. */
export function cooldownGate(
  severity: RiskLevel | null,
  { cooldown }: AlertRule,
  key: string,
  { now, lastSent }: Circumstances,
): Condition {
  const asked = `${cooldown} s since the last one, or graver`;
  const last = lastSent(key);
  const sinceMs = last === null ? Number.POSITIVE_INFINITY : now - toMillis(last.sent_at);
  // Below 0: the clock was set back, and nobody knows.
  const leftMs = sinceMs < 0 ? 0 : cooldown * 1000 - sinceMs;
  if (last === null || leftMs <= 0) {
    const value = last === null || sinceMs < 0 ? null : `${Math.floor(sinceMs / 1000)} s`;
    return { name: "cooldown", passed: true, value, asked };
  }
  const isGraver = gravityOf(severity) > gravityOf(last.severity);
  const value = `${Math.floor(sinceMs / 1000)} s, ${severity ?? "no level"} after ${last.severity ?? "no level"}`;
  return { name: "cooldown", passed: isGraver, value, asked, left_s: secondsIn(leftMs) };
}

const HOUR_MS = 60 * 60_000;
const GRAVEST = RISK_LEVELS.at(-1);

/** Null where there is no limit. */
export function hourlyGate(
  severity: RiskLevel | null,
  { maxPerHour }: AlertLimits,
  { now, sentSince }: Circumstances,
): Condition | null {
  if (maxPerHour === 0) return null;
  const sent = sentSince(toIso(now - HOUR_MS));
  return {
    name: "hourly",
    passed: sent < maxPerHour || severity === GRAVEST,
    value: `${sent} in the last hour`,
    asked: `fewer than ${maxPerHour}, or ${GRAVEST}`,
  };
}

function secondsIn(ms: number): number {
  return Math.ceil(ms / 1000);
}
