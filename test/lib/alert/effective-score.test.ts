import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { adjust, MOST_DOWN, MOST_UP, PRIOR } from "../../../lib/alert/effective-score.ts";
import { Adjustment, type GivenFeedback, type Traits } from "../../../lib/domain/feedback.ts";
import { DEFAULT_RISK_BANDS, riskLevel } from "../../../lib/domain/risk.ts";
import { anyEvent, anyWord, anyWords, CAT, NOW, PERSON, said } from "./feedback.ts";

const scoreOf = (event: { risk_score: number; traits: Traits }, given: readonly GivenFeedback[]) =>
  adjust(event, given, DEFAULT_RISK_BANDS, NOW)?.effective_score ?? event.risk_score;
const times = (count: number, word: () => GivenFeedback) => Array.from({ length: count }, word);

describe("the effective score", () => {
  const cases: [string, number, GivenFeedback[], number][] = [
    ["nothing said", 70, [], 70],
    ["one false alarm", 70, [said("false_alarm")], 60],
    ["five false alarms", 70, times(5, () => said("false_alarm")), 45],
    ["fifty", 70, times(50, () => said("false_alarm")), 32],
    ["one missed", 20, [said("missed")], 28],
    ["five missed", 20, times(5, () => said("missed")), 39],
    ["as many false as missed", 50, [said("false_alarm"), said("missed")], 50],
    ["five correct", 70, times(5, () => said("correct")), 70],
    ["a false alarm among five correct", 70, [said("false_alarm"), ...times(5, () => said("correct"))], 66],
    ["low where it was high", 70, [said("wrong_severity", { severity: "high", expected_severity: "low" })], 63],
    ["medium where it was high", 70, [said("wrong_severity", { severity: "high", expected_severity: "medium" })], 66],
    ["high where it was low", 20, [said("wrong_severity", { severity: "low", expected_severity: "high" })], 25],
    ["the severity that it had", 70, [said("wrong_severity", { severity: "high", expected_severity: "high" })], 70],
    ["a severity where there was none", 70, [said("wrong_severity", { severity: null, expected_severity: "low" })], 70],
    ["five false alarms a half-life ago", 70, times(5, () => said("false_alarm", { days: 90 })), 52],
    ["five false alarms two years ago", 70, times(5, () => said("false_alarm", { days: 730 })), 70],
    ["said by a clock that is ahead", 70, [said("false_alarm", { days: -1 })], 60],
    ["what the model calls critical", 90, times(50, () => said("false_alarm")), 60],
    ["missed, where it is high", 80, times(50, () => said("missed")), 84],
    ["missed, where it is critical", 90, times(50, () => said("missed")), 100],
    ["false alarms, where there is little to take", 10, times(5, () => said("false_alarm")), 0],
  ];
  for (const [what, risk_score, given, expected] of cases) {
    it(`${what}: ${risk_score} becomes ${expected}`, () => {
      equal(scoreOf({ risk_score, traits: CAT }, given), expected);
    });
  }

  const alike: [string, Partial<Traits>, number][] = [
    ["a cat again", {}, 45],
    ["an hour later", { minute: 0 }, 47],
    ["at noon", { minute: 12 * 60 }, 58],
    ["on the lawn", { zones: ["lawn"] }, 58],
    ["on the lawn and the drive", { zones: ["drive", "lawn"] }, 50],
    ["where no zone is known", { zones: [] }, 52],
    ["with a car", { groups: ["animal", "vehicle"] }, 52],
    ["a car", { groups: ["vehicle"] }, 70],
    ["a person", { groups: ["person"] }, 70],
    ["a person with a cat", { groups: ["animal", "person"] }, 70],
    ["at another camera", { camera_id: "porch" }, 70],
    ["a cat that is known", { entities: ["tom"] }, 45],
  ];
  for (const [what, changes, expected] of alike) {
    it(`after five false alarms for a cat on the drive at 23:00, ${what}: 70 becomes ${expected}`, () => {
      const given = times(5, () => said("false_alarm"));
      equal(scoreOf({ risk_score: 70, traits: { ...CAT, ...changes } }, given), expected);
    });
  }

  it("counts what was said of the same look more than of another, however alike the rest is", () => {
    const tom = { ...CAT, entities: ["tom"] };
    const given = times(5, () => said("false_alarm", { traits: { ...tom, minute: 19 * 60 } }));
    const of = (entities: string[]) => scoreOf({ risk_score: 70, traits: { ...CAT, entities } }, given);
    ok(of(["tom"]) < of([]));
    ok(of([]) < of(["kitty"]));
  });

  it("keeps the arithmetic, to be checked", () => {
    const given = [...times(4, () => said("false_alarm")), said("correct"), said("missed", { days: 90 })];
    const { heaviest, ...rest } = Adjustment.parse(
      adjust({ risk_score: 70, traits: CAT }, given, DEFAULT_RISK_BANDS, NOW),
    );
    deepEqual(rest, {
      against: 4,
      for: 0.5,
      agreeing: 1,
      prior: 3,
      limit: 40,
      points: -16,
      effective_score: 54,
      detail: "70 + 40 × (0.50 for - 4.00 against) / (0.50 + 4.00 + 1.00 agreeing + 3) = 54",
      count: 6,
    });
    deepEqual(
      heaviest.map(({ weight }) => weight),
      [1, 1, 1, 1, 1],
    );
  });

  it("says where a limit held", () => {
    const given = times(9, () => said("false_alarm"));
    const { detail } = Adjustment.parse(adjust({ risk_score: 86, traits: CAT }, given, DEFAULT_RISK_BANDS, NOW));
    equal(detail, "86 + 40 × (0.00 for - 9.00 against) / (0.00 + 9.00 + 0.00 agreeing + 3) = 56, limited to 60");
  });

  it("stays within its limits, adds up, and does not depend on the order", () => {
    fc.assert(
      fc.property(anyEvent, anyWords, (event, given) => {
        const adjusted = adjust(event, given, DEFAULT_RISK_BANDS, NOW);
        deepEqual(
          adjust(event, given.toReversed(), DEFAULT_RISK_BANDS, NOW)?.effective_score,
          adjusted?.effective_score,
        );
        if (adjusted === null) return;
        const { effective_score, points } = Adjustment.parse(adjusted);
        ok(points >= -MOST_DOWN && points <= MOST_UP);
        equal(effective_score, event.risk_score + points);
        const { against, for: pro, agreeing, prior, limit } = adjusted;
        const wanted = Math.round(event.risk_score + (limit * (pro - against)) / (pro + against + agreeing + prior));
        ok(Math.abs(points) <= Math.abs(wanted - event.risk_score));
        equal(prior, PRIOR);
        const [before, after] = [event.risk_score, effective_score].map((score) =>
          riskLevel(score, DEFAULT_RISK_BANDS),
        );
        if (before === "critical") ok(after === "critical" || after === "high");
        else ok(after !== "critical");
      }),
    );
  });

  it("never rises by a false alarm, never falls by a miss, and comes nearer to the model's by what agrees", () => {
    fc.assert(
      fc.property(anyEvent, anyWords, anyWord, (event, given, word) => {
        const before = scoreOf(event, given);
        const withWord = (kind: GivenFeedback["kind"]) => scoreOf(event, [...given, { ...word, kind }]);
        ok(withWord("false_alarm") <= before);
        ok(withWord("missed") >= before);
        ok(Math.abs(withWord("correct") - event.risk_score) <= Math.abs(before - event.risk_score));
      }),
      { numRuns: 500 },
    );
  });

  it("never moves for a person by what was said where there was none", () => {
    fc.assert(
      fc.property(anyWords, fc.integer({ min: 0, max: 100 }), (given, risk_score) => {
        const others = given.filter(({ traits }) => !traits.groups.includes("person"));
        equal(scoreOf({ risk_score, traits: { ...PERSON, camera_id: "porch" } }, others), risk_score);
      }),
    );
  });
});
