/** An event at a porch, a rule that takes everything, and a house in which nobody has set anything. */
import type { Circumstances } from "../../../lib/alert/gates.ts";
import { type AlertPolicy, AlertRule } from "../../../lib/alert/rule.ts";
import type { Detection } from "../../../lib/domain/detection.ts";
import { SecurityEvent } from "../../../lib/domain/event.ts";
import { CAMERA_DEFAULTS, SITE_DEFAULTS } from "../../../lib/domain/settings.ts";
import { toMillis } from "../../../lib/domain/time.ts";

/** A Friday. */
export const ENDED = "2026-11-20T13:30:00.000Z";
export const NOW = toMillis(ENDED) + 60_000;

export const UNSCORED = { risk_score: null, risk_level: null, analysis: "none" } as const;

export function detection(detection_id: string, label: string, confidence = 0.9): Detection {
  return {
    detection_id,
    upload_id: "up_1",
    captured_at: ENDED,
    offset_ms: 0,
    label,
    confidence,
    x: 0,
    y: 0,
    width: 1,
    height: 1,
    frame_width: 10,
    frame_height: 10,
  };
}

/** A person (`de_1`, 0.9) and a car (`de_2`, 0.6), of a high risk. */
export function eventWith(changes: Partial<SecurityEvent> = {}): SecurityEvent {
  return SecurityEvent.parse({
    event_id: "ev_1",
    batch_id: "ba_1",
    camera_id: "porch",
    camera_name: "Porch",
    started_at: ENDED,
    ended_at: ENDED,
    revision: 1,
    final: true,
    risk_score: 60,
    risk_level: "high",
    analysis: "model",
    summary: "A visitor.",
    reasoning: "A person by day.",
    recommended_action: null,
    labels: ["person", "car"],
    detection_count: 2,
    fast_path: false,
    thumbnail_path: null,
    model: null,
    prompt_version: null,
    reviewed: false,
    created_at: ENDED,
    detections: [detection("de_1", "person"), detection("de_2", "car", 0.6)],
    ...changes,
  });
}

export function ruleWith(changes: Partial<AlertRule> = {}): AlertRule {
  return AlertRule.parse({ name: "Any", ...changes });
}

/** Alerts from a score on, and for what has none, as often as it comes. */
export function policyFrom(minScore: number): AlertPolicy {
  return policyWith({ rules: [ruleWith({ name: "From a score", events: "all", minScore, cooldown: 0 })] });
}

export function policyWith(changes: Partial<AlertPolicy> = {}): AlertPolicy {
  return { rules: [ruleWith()], quietHours: null, quietSeverity: null, maxPerHour: 0, ...changes };
}

export function circumstancesOf(event: SecurityEvent, changes: Partial<Circumstances> = {}): Circumstances {
  return {
    now: NOW,
    cameraTimeZone: "UTC",
    siteTimeZone: "UTC",
    judgement: { score: event.risk_score, level: event.risk_level },
    camera: CAMERA_DEFAULTS,
    site: SITE_DEFAULTS,
    incidentId: null,
    running: null,
    lastSent: () => null,
    sentSince: () => 0,
    ...changes,
  };
}
