/** Feedback for tests. */
import fc from "fast-check";
import { FeedbackKind, type GivenFeedback, type Traits } from "../../../lib/domain/feedback.ts";
import { RiskLevel } from "../../../lib/domain/risk.ts";
import { toIso, toMillis } from "../../../lib/domain/time.ts";

export const NOW = toMillis("2026-11-20T23:10:00.000Z");
const DAY_MS = 24 * 60 * 60_000;

/** A cat on the drive at eleven in the evening. */
export const CAT: Traits = { camera_id: "yard", groups: ["animal"], zones: ["drive"], minute: 23 * 60, entities: [] };
export const PERSON: Traits = { ...CAT, groups: ["person"] };

let count = 0;

/** A word on a cat, said today. */
export function said(kind: FeedbackKind, changes: Partial<GivenFeedback> & { days?: number } = {}): GivenFeedback {
  const { days = 0, ...rest } = changes;
  count += 1;
  const word = { event_id: `ev_${count}`, kind, expected_severity: null, severity: "high", traits: CAT } as const;
  return { ...word, given_at: toIso(NOW - days * DAY_MS), ...rest };
}

const anyTraits = fc.record({
  camera_id: fc.constantFrom("yard", "porch"),
  groups: fc.subarray(["animal", "person", "vehicle"]),
  zones: fc.subarray(["drive", "lawn"]),
  minute: fc.integer({ min: 0, max: 1439 }),
  entities: fc.subarray(["tom", "kitty"]),
});
export const anyWord = fc.record({
  event_id: fc.string({ minLength: 1, maxLength: 6 }),
  kind: fc.constantFrom(...FeedbackKind.options),
  expected_severity: fc.option(fc.constantFrom(...RiskLevel.options)),
  severity: fc.option(fc.constantFrom(...RiskLevel.options)),
  traits: anyTraits,
  given_at: fc.integer({ min: -400, max: 2 }).map((days) => toIso(NOW + days * DAY_MS)),
});
export const anyWords = fc.array(anyWord, { maxLength: 30 });
export const anyEvent = fc.record({ risk_score: fc.integer({ min: 0, max: 100 }), traits: anyTraits });
