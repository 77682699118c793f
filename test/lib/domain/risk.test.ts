import assert from "node:assert/strict";
import { DEFAULT_RISK_BANDS, riskLevel } from "../../../lib/domain/risk.ts";

describe("riskLevel", () => {
  const cases: [number, string][] = [
    [0, "low"],
    [29, "low"],
    [30, "medium"],
    [59, "medium"],
    [60, "high"],
    [84, "high"],
    [85, "critical"],
    [100, "critical"],
  ];
  for (const [score, level] of cases) {
    it(`of ${score} is ${level}`, () => assert.equal(riskLevel(score, DEFAULT_RISK_BANDS), level));
  }

  it("follows the site's own bands", () => {
    assert.equal(riskLevel(29, { lowMax: 10, mediumMax: 20, highMax: 30 }), "high");
  });
});
