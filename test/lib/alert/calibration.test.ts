import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { calibrate, calibrated } from "../../../lib/alert/calibration.ts";
import type { GivenFeedback } from "../../../lib/domain/feedback.ts";
import { DEFAULT_RISK_BANDS } from "../../../lib/domain/risk.ts";
import { anyWord, anyWords, NOW, PERSON, said } from "./feedback.ts";

const OPTIONS = { limit: 10, hasPerson: false };

const thresholdOf = (given: readonly GivenFeedback[], threshold = 60, options = OPTIONS) => {
  const calibration = calibrate(given, options, NOW);
  return calibration ? calibrated(threshold, calibration, DEFAULT_RISK_BANDS) : threshold;
};
const times = (count: number, word: () => GivenFeedback) => Array.from({ length: count }, word);

describe("the calibrated threshold", () => {
  const cases: [string, number, GivenFeedback[], number][] = [
    ["nothing said", 60, [], 60],
    ["one false alarm", 60, [said("false_alarm")], 61],
    ["ten", 60, times(10, () => said("false_alarm")), 65],
    ["a thousand", 60, times(1000, () => said("false_alarm")), 70],
    ["ten missed", 60, times(10, () => said("missed")), 55],
    ["ten missed, of a low threshold", 3, times(10, () => said("missed")), 0],
    ["a thousand false alarms, of a high threshold", 80, times(1000, () => said("false_alarm")), 85],
    [
      "a thousand false alarms, of one that is above all that is critical",
      95,
      times(1000, () => said("false_alarm")),
      95,
    ],
    ["ten false alarms with a person", 60, times(10, () => said("false_alarm", { traits: PERSON })), 60],
  ];
  for (const [what, threshold, given, expected] of cases) {
    it(`${what}: ${threshold} becomes ${expected}`, () => {
      equal(thresholdOf(given, threshold), expected);
    });
  }

  it("says how it came about", () => {
    const given = [...times(2, () => said("false_alarm")), said("correct")];
    equal(
      calibrate(given, OPTIONS, NOW)?.detail,
      "10 × (2.00 against - 0.00 for) / (0.00 + 2.00 + 1.00 agreeing + 10) = 2",
    );
  });

  it("stays within its limit, never falls by a false alarm, and never rises by a miss", () => {
    fc.assert(
      fc.property(
        anyWords,
        anyWord,
        fc.integer({ min: 0, max: 100 }),
        fc.boolean(),
        (given, word, threshold, hasPerson) => {
          const of = (words: readonly GivenFeedback[]) => thresholdOf(words, threshold, { ...OPTIONS, hasPerson });
          const before = of(given);
          ok(Math.abs(before - threshold) <= OPTIONS.limit);
          ok(before <= Math.max(threshold, DEFAULT_RISK_BANDS.highMax + 1));
          ok(of([...given, { ...word, kind: "false_alarm" }]) >= before);
          ok(of([...given, { ...word, kind: "missed" }]) <= before);
        },
      ),
      { numRuns: 500 },
    );
  });
});
