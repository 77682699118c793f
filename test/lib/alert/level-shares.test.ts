import { deepEqual, equal } from "node:assert/strict";
import { LEAST_EVENTS, levelShares, USUAL_SHARES } from "../../../lib/alert/level-shares.ts";

const RANGE = { min: 0, max: 15 };

describe("levelShares", () => {
  it("finds the expected shares as expected", () => {
    deepEqual(levelShares(USUAL_SHARES, RANGE), {
      events: 100,
      alarming: 5,
      verdict: "as expected",
      shares: USUAL_SHARES,
    });
  });

  const cases: [string, [low: number, medium: number, high: number, critical: number], number | null, string][] = [
    ["no event", [0, 0, 0, 0], null, "not enough events"],
    ["one too few", [LEAST_EVENTS - 2, 0, 1, 0], null, "not enough events"],
    ["just enough", [LEAST_EVENTS - 1, 0, 1, 0], 2, "as expected"],
    ["none that alarms", [100, 0, 0, 0], 0, "as expected"],
    ["as many as may be", [85, 0, 10, 5], 15, "as expected"],
    ["more", [849, 0, 101, 50], 15.1, "too many"],
    ["two of three, as an inflating model has it", [20, 13, 50, 17], 67, "too many"],
  ];
  for (const [what, [low, medium, high, critical], alarming, verdict] of cases) {
    it(`${what}: ${verdict}`, () => {
      const found = levelShares({ low, medium, high, critical }, RANGE);
      deepEqual([found.alarming, found.verdict], [alarming, verdict]);
    });
  }

  it("misses alarming events where some are expected", () => {
    equal(levelShares({ low: 100, medium: 0, high: 0, critical: 0 }, { min: 1, max: 15 }).verdict, "too few");
  });
});
