import { deepEqual, equal } from "node:assert/strict";
import { compareOpinions } from "../../../lib/analyze/comparison.ts";
import { DEFAULT_RISK_BANDS, riskLevel } from "../../../lib/domain/risk.ts";
import type { Opinion, OpinionPair } from "../../../lib/domain/verdict.ts";

const opinion = (risk_score: number): Opinion => ({
  event_id: `ev_${risk_score}`,
  risk_score,
  risk_level: riskLevel(risk_score, DEFAULT_RISK_BANDS),
  summary: "s",
  model: null,
  prompt_version: null,
});
const pair = (own: number, other: number, n = 0): OpinionPair => ({
  batch_id: `ba_${n}`,
  camera_id: "porch",
  started_at: "2026-11-20T12:00:00.000Z",
  own: opinion(own),
  other: opinion(other),
});

describe("compareOpinions", () => {
  it("tells means, levels, and the batches that differ most", () => {
    const pairs = [pair(10, 20, 1), pair(40, 40, 2), pair(90, 30, 3)];
    const { differ_most, ...numbers } = compareOpinions(pairs);
    deepEqual(numbers, {
      count: 3,
      mean: { own: 46.67, other: 30 },
      mean_difference: -16.67,
      mean_absolute_difference: 23.33,
      same_level: 2,
      levels: {
        low: { own: 1, other: 1 },
        medium: { own: 1, other: 2 },
        high: { own: 0, other: 0 },
        critical: { own: 1, other: 0 },
      },
    });
    deepEqual(
      differ_most.map(({ batch_id, difference }) => [batch_id, difference]),
      [
        ["ba_3", -60],
        ["ba_1", 10],
      ],
    );
  });

  it("has no means where there is no batch", () => {
    const { count, mean, mean_difference, mean_absolute_difference } = compareOpinions([]);
    deepEqual([count, mean, mean_difference, mean_absolute_difference], [0, { own: null, other: null }, null, null]);
  });

  it("shows 20 batches at most", () => {
    equal(compareOpinions(Array.from({ length: 30 }, (_, n) => pair(0, n, n))).differ_most.length, 20);
  });
});
