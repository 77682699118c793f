/** Whether an event alerts. Every condition is looked at and kept, so that a person can see why it did or did not. */
import { z } from "zod";
import type { Alert, AlertRecord, Condition } from "../domain/alert.ts";
import type { SecurityEvent } from "../domain/event.ts";
import { deriveId } from "../domain/ids.ts";
import { isWanted } from "../domain/labels.ts";
import type { CameraSettings, SiteSettings } from "../domain/settings.ts";
import { toIso, toMillis } from "../domain/time.ts";

/** What a user asks for. All of it must hold. */
export interface AlertRule {
  /** The lowest score that alerts, 0 to 100. */
  readonly minScore: number;
  /** One of these, or of a group among these, must have been seen; empty takes every event. */
  readonly labels: readonly string[];
  /** In one of these zones, by their ids, one of those labels must have been seen; empty: wherever it was. */
  readonly zones: readonly string[];
  /** What becomes of an event that has no score. */
  readonly unanalyzed: "alert" | "suppress";
}

/** What people have set, for the event's camera and for the whole site. */
export interface LiveLimits {
  readonly camera: CameraSettings;
  readonly site: SiteSettings;
}

export type Decision = Pick<AlertRecord, "outcome" | "severity" | "conditions">;

/** What happened longer ago than this is history: it alerts nobody by itself. */
const LATE_MS = 15 * 60_000;

/** Weighs an event against a rule and against what people have set; `now` is in milliseconds since 1970. */
export function decide(event: SecurityEvent, rule: AlertRule, limits: LiveLimits, now: number): Decision {
  const { risk_score } = event;
  const conditions = [
    ...(risk_score === null
      ? [unanalyzedCondition(rule)]
      : [scoreCondition(risk_score, rule), thresholdCondition(risk_score, limits)]),
    labelsCondition(event.labels, rule),
    ...(rule.zones.length > 0 ? [zonesCondition(event, rule)] : []),
    lateCondition(event, now),
    modeCondition(limits),
    switchCondition(limits),
    snoozeCondition(limits, now),
  ];
  const outcome = conditions.every(({ passed }) => passed) ? "alert" : "suppressed";
  return { outcome, severity: event.risk_level, conditions };
}

/** The decision on an event as the record that leaves `risk-alert`. */
export function alertOf(event: SecurityEvent, nodeId: string, decision: Decision, now: number): Alert {
  return {
    alert_id: deriveId("alert", event.event_id, nodeId),
    event_id: event.event_id,
    camera_id: event.camera_id,
    revision: event.revision,
    ...decision,
    created_at: toIso(now),
    event,
  };
}

function scoreCondition(score: number, { minScore }: AlertRule): Condition {
  return { name: "score", passed: score >= minScore, detail: `score ${score}, alerts from ${minScore}` };
}

function unanalyzedCondition({ unanalyzed }: AlertRule): Condition {
  return {
    name: "unanalyzed",
    passed: unanalyzed === "alert",
    detail: `no score, events without one ${unanalyzed === "alert" ? "alert" : "are suppressed"}`,
  };
}

function labelsCondition(seen: readonly string[], { labels }: AlertRule): Condition {
  const passed = labels.length === 0 || seen.some((label) => isWanted(label, labels));
  return {
    name: "labels",
    passed,
    detail: `saw ${seen.join(", ") || "nothing"}, alerts for ${labels.join(", ") || "anything"}`,
  };
}

/** As `enrich` has found it out; of an event that it has not seen, no zone is known. */
const ZoneMembers = z.record(z.string(), z.array(z.string())).catch({});

/** It must be one and the same detection that is wanted and in a wanted zone. */
function zonesCondition({ detections, context }: SecurityEvent, { labels, zones }: AlertRule): Condition {
  const members = ZoneMembers.parse(context?.zone_members);
  const wanted = new Set(
    detections
      .filter(({ label }) => labels.length === 0 || isWanted(label, labels))
      .map(({ detection_id }) => detection_id),
  );
  const active = Object.keys(members).filter((zone) => members[zone]?.some((id) => wanted.has(id)));
  return {
    name: "zones",
    passed: active.some((zone) => zones.includes(zone)),
    detail: `was in ${active.join(", ") || "no zone"}, alerts for ${zones.join(", ")}`,
  };
}

function lateCondition({ ended_at }: SecurityEvent, now: number): Condition {
  const age = now - toMillis(ended_at);
  return {
    name: "late",
    passed: age <= LATE_MS,
    detail: `ended ${Math.max(0, Math.round(age / 60_000))} min ago, alerts up to ${LATE_MS / 60_000} min`,
  };
}

function thresholdCondition(score: number, { camera: { risk_threshold } }: LiveLimits): Condition {
  return {
    name: "threshold",
    passed: score >= risk_threshold,
    detail: `score ${score}, the camera's risk threshold is ${risk_threshold}`,
  };
}

function modeCondition({ site: { mode } }: LiveLimits): Condition {
  return { name: "mode", passed: mode !== "off", detail: `mode ${mode}, nothing alerts in mode off` };
}

function switchCondition({ camera, site }: LiveLimits): Condition {
  const off = [...(camera.alerts ? [] : ["the camera"]), ...(site.alerts ? [] : ["the whole site"])];
  return {
    name: "switch",
    passed: off.length === 0,
    detail: off.length === 0 ? "alerts are on" : `alerts are off for ${off.join(" and for ")}`,
  };
}

function snoozeCondition({ camera, site }: LiveLimits, now: number): Condition {
  const until = [camera.snoozed_until, site.snoozed_until].filter((time) => time !== null && toMillis(time) > now);
  const last = until.sort().at(-1);
  return { name: "snooze", passed: last === undefined, detail: last ? `snoozed until ${last}` : "not snoozed" };
}
