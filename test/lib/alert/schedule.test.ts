import { equal } from "node:assert/strict";
import { isScheduled, Schedule } from "../../../lib/alert/schedule.ts";

const BERLIN = "Europe/Berlin";

/** An instant by its time on the wall, with the offset that tells the two of an hour that comes twice apart. */
type Case = [at: string, inside: boolean];

const table = (name: string, schedule: Partial<Schedule>, cases: readonly Case[]) => {
  describe(name, () => {
    for (const [at, inside] of cases) {
      it(`${inside ? "holds" : "does not hold"} at ${at}`, () => {
        equal(isScheduled(Schedule.parse({ from: "00:00", to: "00:00", ...schedule }), Date.parse(at), BERLIN), inside);
      });
    }
  });
};

describe("a schedule", () => {
  table("within a day, 09:00 to 17:00", { from: "09:00", to: "17:00" }, [
    ["2026-11-20T08:59:59+01:00", false],
    ["2026-11-20T09:00:00+01:00", true],
    ["2026-11-20T16:59:59+01:00", true],
    ["2026-11-20T17:00:00+01:00", false],
  ]);

  // 2026-11-20 is a Friday.
  table("over midnight, of Friday, 22:00 to 06:00", { days: ["fri"], from: "22:00", to: "06:00" }, [
    ["2026-11-20T05:59:00+01:00", false],
    ["2026-11-20T21:59:59+01:00", false],
    ["2026-11-20T22:00:00+01:00", true],
    ["2026-11-21T02:00:00+01:00", true],
    ["2026-11-21T05:59:59+01:00", true],
    ["2026-11-21T06:00:00+01:00", false],
    ["2026-11-21T22:00:00+01:00", false],
  ]);

  table("over the end of the week, of Sunday", { days: ["sun"], from: "22:00", to: "06:00" }, [
    ["2026-11-22T23:00:00+01:00", true],
    ["2026-11-23T05:00:00+01:00", true],
    ["2026-11-22T05:00:00+01:00", false],
  ]);

  table("of whole days", { days: ["sat", "sun"] }, [
    ["2026-11-20T23:59:59+01:00", false],
    ["2026-11-21T00:00:00+01:00", true],
    ["2026-11-22T23:59:59+01:00", true],
    ["2026-11-23T00:00:00+01:00", false],
  ]);

  table("of a day that begins at 07:00", { days: ["fri"], from: "07:00", to: "07:00" }, [
    ["2026-11-20T06:59:59+01:00", false],
    ["2026-11-20T07:00:00+01:00", true],
    ["2026-11-21T06:59:59+01:00", true],
    ["2026-11-21T07:00:00+01:00", false],
  ]);

  table("without days holds on every day", { from: "12:00", to: "13:00" }, [
    ["2026-11-20T12:30:00+01:00", true],
    ["2026-11-22T12:30:00+01:00", true],
  ]);

  table("in a time zone of its own", { from: "22:00", to: "23:00", timeZone: "America/New_York" }, [
    ["2026-11-20T22:30:00-05:00", true],
    ["2026-11-20T22:30:00+01:00", false],
  ]);

  // In the night to 2026-03-29 the clock goes from 02:00 to 03:00.
  table("over the hour that is skipped, Saturday 22:00 to 06:00", { days: ["sat"], from: "22:00", to: "06:00" }, [
    ["2026-03-28T22:00:00+01:00", true],
    ["2026-03-29T01:59:59+01:00", true],
    ["2026-03-29T03:00:00+02:00", true],
    ["2026-03-29T05:59:59+02:00", true],
    ["2026-03-29T06:00:00+02:00", false],
  ]);
  table("that begins in the hour that is skipped begins when it is over", { from: "02:30", to: "04:00" }, [
    ["2026-03-29T01:59:59+01:00", false],
    ["2026-03-29T03:00:00+02:00", true],
    ["2026-03-29T04:00:00+02:00", false],
  ]);
  table("that ends in the hour that is skipped ends when it begins", { from: "01:00", to: "02:30" }, [
    ["2026-03-29T01:59:59+01:00", true],
    ["2026-03-29T03:00:00+02:00", false],
  ]);
  table("that lies in the hour that is skipped is not there that day", { from: "02:10", to: "02:50" }, [
    ["2026-03-29T01:59:59+01:00", false],
    ["2026-03-29T03:00:00+02:00", false],
    ["2026-03-30T02:30:00+02:00", true],
  ]);

  // In the night to 2026-10-25 the clock goes from 03:00 back to 02:00.
  table("over the hour that comes twice, Saturday 22:00 to 06:00", { days: ["sat"], from: "22:00", to: "06:00" }, [
    ["2026-10-25T02:30:00+02:00", true],
    ["2026-10-25T02:30:00+01:00", true],
    ["2026-10-25T05:59:59+01:00", true],
    ["2026-10-25T06:00:00+01:00", false],
  ]);
  table("within the hour that comes twice is there twice", { from: "02:10", to: "02:50" }, [
    ["2026-10-25T02:09:59+02:00", false],
    ["2026-10-25T02:10:00+02:00", true],
    ["2026-10-25T02:50:00+02:00", false],
    ["2026-10-25T02:10:00+01:00", true],
    ["2026-10-25T02:50:00+01:00", false],
  ]);

  const wrong: [string, object][] = [
    ["a time of 24 hours", { from: "24:00", to: "06:00" }],
    ["a time without minutes", { from: "22", to: "06:00" }],
    ["no time", { from: "", to: "06:00" }],
    ["a place that is no time zone", { from: "22:00", to: "06:00", timeZone: "Entenhausen" }],
    ["a day that is none", { from: "22:00", to: "06:00", days: ["friday"] }],
  ];
  for (const [what, schedule] of wrong) {
    it(`is refused with ${what}`, () => equal(Schedule.safeParse(schedule).success, false));
  }
});
