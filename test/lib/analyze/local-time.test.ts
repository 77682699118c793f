import { deepEqual, equal } from "node:assert/strict";
import { isNight, localHour, localTime } from "../../../lib/analyze/local-time.ts";

describe("localTime", () => {
  const cases: [string, string, ReturnType<typeof localTime>][] = [
    ["2026-11-20T13:30:05.900Z", "UTC", { weekday: "Friday", date: "2026-11-20", time: "13:30:05", hour: 13 }],
    [
      "2026-11-20T23:00:00.000Z",
      "Europe/Paris",
      { weekday: "Saturday", date: "2026-11-21", time: "00:00:00", hour: 0 },
    ],
    [
      "2026-07-01T22:30:00.000Z",
      "Asia/Kolkata",
      { weekday: "Thursday", date: "2026-07-02", time: "04:00:00", hour: 4 },
    ],
    // The hour that comes twice when summer time ends.
    ["2026-10-25T00:30:00.000Z", "Europe/Paris", { weekday: "Sunday", date: "2026-10-25", time: "02:30:00", hour: 2 }],
    ["2026-10-25T01:30:00.000Z", "Europe/Paris", { weekday: "Sunday", date: "2026-10-25", time: "02:30:00", hour: 2 }],
  ];
  for (const [iso, zone, expected] of cases) {
    it(`${iso} in ${zone}`, () => {
      deepEqual(localTime(iso, zone), expected);
      equal(localHour(iso, zone), expected.hour);
    });
  }
});

describe("isNight", () => {
  it("is from 23 to 5", () => {
    const hours = Array.from({ length: 24 }, (_, hour) => hour);
    deepEqual(hours.filter(isNight), [0, 1, 2, 3, 4, 23]);
  });
});
