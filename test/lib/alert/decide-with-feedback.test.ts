import { deepEqual, equal, match } from "node:assert/strict";
import { decideWithFeedback, type Lessons } from "../../../lib/alert/decide-with-feedback.ts";
import { traitsOf } from "../../../lib/alert/traits.ts";
import type { SecurityEvent } from "../../../lib/domain/event.ts";
import type { GivenFeedback } from "../../../lib/domain/feedback.ts";
import { DEFAULT_RISK_BANDS, riskLevel } from "../../../lib/domain/risk.ts";
import { said } from "./feedback.ts";
import { circumstancesOf, eventWith, policyWith, ruleWith, UNSCORED } from "./fixtures.ts";

const BANDS = DEFAULT_RISK_BANDS;
const POLICY = policyWith({ rules: [ruleWith({ minScore: 60 })] });

function scored(risk_score: number): SecurityEvent {
  return eventWith({ risk_score, risk_level: riskLevel(risk_score, BANDS) });
}

/** What was said so often of an event that is just like it. */
function words(event: SecurityEvent, kind: GivenFeedback["kind"], count: number): GivenFeedback[] {
  return Array.from({ length: count }, () => said(kind, { traits: traitsOf(event, "UTC") }));
}

function decided(event: SecurityEvent, lessons: Partial<Lessons>, policy = POLICY) {
  const traits = traitsOf(event, "UTC");
  return decideWithFeedback(event, policy, circumstancesOf(event), {
    traits,
    scores: [],
    thresholds: [],
    calibrationLimit: null,
    bands: BANDS,
    ...lessons,
  });
}

describe("decideWithFeedback", () => {
  it("decides by the model's score where nothing was said", () => {
    const { outcome, effective_score, adjustment, calibration } = decided(scored(70), {});
    deepEqual([outcome, effective_score, adjustment, calibration], ["alert", 70, null, null]);
  });

  it("lets false alarms silence what is like them, and says by which score", () => {
    const event = scored(84);
    const told = (count: number) => decided(event, { scores: words(event, "false_alarm", count) });
    deepEqual(
      [4, 5].map((count) => [told(count).outcome, told(count).effective_score]),
      [
        ["alert", 61],
        ["suppressed", 59],
      ],
    );
    match(told(5).reason, /score is 59, asked is 60 or more/);
    equal(told(5).adjustment?.points, -25);
    equal(told(5).severity, "medium");
  });

  it("lets what was missed alert the next time", () => {
    const event = scored(50);
    const { outcome, severity } = decided(event, { scores: words(event, "missed", 3) });
    deepEqual([outcome, severity], ["alert", "high"]);
  });

  it("never silences what the model calls critical, whatever is asked", () => {
    const event = scored(90);
    const scores = words(event, "false_alarm", 100);
    const high = decided(event, { scores });
    deepEqual([high.outcome, high.severity, high.effective_score], ["alert", "high", 60]);
    for (const policy of [
      policyWith({ rules: [ruleWith({ minScore: 80 })] }),
      policyWith({ rules: [ruleWith({ minLevel: "critical" })] }),
      policyWith({ quietHours: { days: [], from: "00:00", to: "00:00", timeZone: "" }, quietSeverity: "critical" }),
    ]) {
      const { outcome, severity, effective_score, adjustment } = decided(event, { scores }, policy);
      deepEqual([outcome, severity, effective_score, adjustment?.effective_score], ["alert", "critical", 90, 60]);
    }
    equal(decided(event, { scores }, policyWith({ rules: [ruleWith({ minScore: 95 })] })).outcome, "suppressed");
  });

  it("moves the scores that rules ask for only where they are to follow", () => {
    const event = scored(63);
    const thresholds = words(event, "false_alarm", 10);
    equal(decided(event, { thresholds }).outcome, "alert");
    const followed = decided(event, { thresholds, calibrationLimit: 10 });
    deepEqual([followed.outcome, followed.calibration?.points], ["suppressed", 5]);
    match(followed.reason, /score is 63, asked is 65 or more/);
    equal(decided(event, { thresholds, calibrationLimit: 10 }, policyWith()).outcome, "alert");
  });

  it("has nothing to do where there is no score", () => {
    const event = eventWith(UNSCORED);
    const policy = policyWith({ rules: [ruleWith({ events: "unscored" })] });
    const { outcome, effective_score, adjustment } = decided(event, { scores: words(event, "false_alarm", 9) }, policy);
    deepEqual([outcome, effective_score, adjustment], ["alert", null, null]);
  });
});
