/** Decides on an event as `decide` does, with what people have said of events like it. */
import type { SecurityEvent } from "../domain/event.ts";
import type { Adjustment, Calibration, GivenFeedback, Traits } from "../domain/feedback.ts";
import { type RiskBands, riskLevel } from "../domain/risk.ts";
import { calibrate, calibrated } from "./calibration.ts";
import { type Decision, decide } from "./decide.ts";
import { adjust } from "./effective-score.ts";
import type { Circumstances } from "./gates.ts";
import type { AlertPolicy } from "./rule.ts";

/** What there is to learn from. */
export interface Lessons {
  /** The event's. */
  readonly traits: Traits;
  /** What was said of its camera's events, as far as it counts for scores, and for thresholds. */
  readonly scores: readonly GivenFeedback[];
  readonly thresholds: readonly GivenFeedback[];
  /** The most points that thresholds follow; null where they stay. */
  readonly calibrationLimit: number | null;
  readonly bands: RiskBands;
}

export interface TaughtDecision extends Decision {
  /** The score that was decided by; null where there is none. */
  readonly effective_score: number | null;
  readonly adjustment: Adjustment | null;
  readonly calibration: Calibration | null;
}

/** What the model calls critical is never silenced by what people have said: then its own judgement decides. */
export function decideWithFeedback(
  event: SecurityEvent,
  policy: AlertPolicy,
  circumstances: Circumstances,
  lessons: Lessons,
): TaughtDecision {
  const { bands } = lessons;
  const { risk_score, risk_level } = event;
  const adjustment =
    risk_score === null ? null : adjust({ ...lessons, risk_score }, lessons.scores, bands, circumstances.now);
  const calibration = calibrationFor(lessons, circumstances.now);
  const score = adjustment?.effective_score ?? risk_score;
  const judgement = { score, level: score === null ? null : riskLevel(score, bands) };
  const taught = decide(event, calibration ? moved(policy, calibration, bands) : policy, {
    ...circumstances,
    judgement,
  });
  if (taught.outcome === "suppressed" && risk_level === "critical") {
    const own = decide(event, policy, { ...circumstances, judgement: { score: risk_score, level: risk_level } });
    if (own.outcome === "alert") return { ...own, effective_score: risk_score, adjustment, calibration };
  }
  return { ...taught, effective_score: score, adjustment, calibration };
}

function calibrationFor({ traits, thresholds, calibrationLimit }: Lessons, now: number): Calibration | null {
  if (calibrationLimit === null) return null;
  return calibrate(thresholds, { limit: calibrationLimit, hasPerson: traits.groups.includes("person") }, now);
}

function moved(policy: AlertPolicy, calibration: Calibration, bands: RiskBands): AlertPolicy {
  const rules = policy.rules.map((rule) =>
    rule.minScore === null ? rule : { ...rule, minScore: calibrated(rule.minScore, calibration, bands) },
  );
  return { ...policy, rules };
}
