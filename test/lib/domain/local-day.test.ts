import { equal } from "node:assert/strict";
import { dayStart } from "../../../lib/domain/local-day.ts";

describe("dayStart", () => {
  const days: [string, string, string, string][] = [
    ["in summer", "2026-07-01T10:00:00Z", "Europe/Berlin", "2026-06-30T22:00:00.000Z"],
    ["just before midnight", "2026-07-01T21:59:59Z", "Europe/Berlin", "2026-06-30T22:00:00.000Z"],
    ["at midnight", "2026-07-01T22:00:00Z", "Europe/Berlin", "2026-07-01T22:00:00.000Z"],
    ["of the day on which summer time ends", "2026-10-25T20:00:00Z", "Europe/Berlin", "2026-10-24T22:00:00.000Z"],
    ["of the day on which it begins", "2026-03-29T20:00:00Z", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
    ["where midnight is skipped", "2026-09-06T12:00:00Z", "America/Santiago", "2026-09-06T04:00:00.000Z"],
    ["far from UTC", "2026-07-01T10:30:00Z", "Pacific/Kiritimati", "2026-07-01T10:00:00.000Z"],
  ];
  for (const [what, now, timeZone, start] of days) {
    it(what, () => equal(dayStart(Date.parse(now), timeZone), start));
  }
});
