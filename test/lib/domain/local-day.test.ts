import { deepEqual, equal } from "node:assert/strict";
import { dayStart, localDay } from "../../../lib/domain/local-day.ts";

const HOUR_MS = 3_600_000;

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

describe("localDay", () => {
  const days: [string, string, number, string, string, number][] = [
    ["an instant of summer", "Europe/Berlin", 0, "2026-07-01T22:30:00Z", "2026-07-02", 24],
    ["the day before", "UTC", 1, "2026-03-01T12:00:00Z", "2026-02-28", 24],
    ["a day of 23 hours", "Europe/Berlin", 0, "2026-03-29T12:00:00Z", "2026-03-29", 23],
    ["a day of 25 hours", "Europe/Berlin", 1, "2026-10-26T00:00:00Z", "2026-10-25", 25],
    ["a day that begins at one o'clock", "America/Santiago", 0, "2026-09-06T12:00:00Z", "2026-09-06", 23],
  ];
  for (const [what, timeZone, before, now, date, hours] of days) {
    it(`knows ${what}: ${date} in ${timeZone}`, () => {
      const day = localDay(Date.parse(now), timeZone, before);
      deepEqual([day.date, day.endMs - day.startMs], [date, hours * HOUR_MS]);
      deepEqual(localDay(day.startMs, timeZone), day);
      deepEqual(localDay(day.endMs - 1, timeZone), day);
    });
  }
});
