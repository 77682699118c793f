import assert from "node:assert/strict";
import { backoffMs } from "../../../lib/resilience/backoff.ts";

describe("backoffMs", () => {
  const cases: [number, number, number][] = [
    [1, 500, 1_000],
    [2, 1_000, 2_000],
    [6, 16_000, 32_000],
    [7, 30_000, 60_000],
    [1_000, 30_000, 60_000],
  ];
  for (const [failures, least, most] of cases) {
    it(`after ${failures} failures is ${least} to ${most} ms, in whole milliseconds`, () => {
      assert.deepEqual([backoffMs(failures, 0), backoffMs(failures, 1)], [least, most]);
      assert.equal(Number.isInteger(backoffMs(failures, 1 / 3)), true);
    });
  }
});
