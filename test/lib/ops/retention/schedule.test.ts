import { equal } from "node:assert/strict";
import { lastDaily, nextDaily } from "../../../../lib/ops/retention/schedule.ts";

/** In Berlin clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25. */
const CASES: [what: string, time: string, now: string, next: string, last: string][] = [
  ["later today", "03:30", "2026-06-10T00:00:00Z", "2026-06-10T01:30:00Z", "2026-06-09T01:30:00Z"],
  ["at its very time", "03:30", "2026-06-10T01:30:00Z", "2026-06-11T01:30:00Z", "2026-06-10T01:30:00Z"],
  ["tomorrow", "03:30", "2026-06-10T12:00:00Z", "2026-06-11T01:30:00Z", "2026-06-10T01:30:00Z"],
  ["before the spring change", "02:30", "2026-03-28T20:00:00Z", "2026-03-29T01:30:00Z", "2026-03-28T01:30:00Z"],
  ["in the hour that is left out", "02:30", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-29T01:30:00Z"],
  ["before the autumn change", "02:30", "2026-10-24T20:00:00Z", "2026-10-25T00:30:00Z", "2026-10-24T00:30:00Z"],
  ["between both 02:30", "02:30", "2026-10-25T01:00:00Z", "2026-10-26T01:30:00Z", "2026-10-25T00:30:00Z"],
  ["after the second 02:30", "02:30", "2026-10-25T02:00:00Z", "2026-10-26T01:30:00Z", "2026-10-25T00:30:00Z"],
  ["at midnight", "00:00", "2026-12-31T22:59:59Z", "2026-12-31T23:00:00Z", "2026-12-30T23:00:00Z"],
];

describe("the daily schedule", () => {
  for (const [what, time, now, next, last] of CASES) {
    it(`knows the times around ${what}`, () => {
      equal(nextDaily(time, "Europe/Berlin", Date.parse(now)), Date.parse(next));
      equal(lastDaily(time, "Europe/Berlin", Date.parse(now)), Date.parse(last));
    });
  }

  it("comes once a day all year round", () => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    let runs = 0;
    for (const end = Date.parse("2027-01-01T00:00:00Z"); now < end; runs += 1)
      now = nextDaily("02:30", "Europe/Berlin", now);
    equal(runs, 366);
  });
});
