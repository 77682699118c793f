import assert from "node:assert/strict";
import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { captureTime } from "../../../lib/media/capture-time.ts";

const RECEIVED = "2026-12-31T00:00:00Z";
const MTIME = "2026-09-01T08:00:00.500Z";

function capture(name: string, timeZone: string, times: { mtime?: string; received?: string } = {}) {
  return captureTime({
    name,
    timeZone,
    mtimeMs: Date.parse(times.mtime ?? MTIME),
    receivedMs: Date.parse(times.received ?? RECEIVED),
  });
}

describe("captureTime", () => {
  const named: [name: string, timeZone: string, capturedAt: string][] = [
    ["MDAlarm_20260911-123100.jpg", "UTC", "2026-09-11T12:31:00.000Z"],
    ["HMDAlarm_20260911-123100.jpg", "Europe/Berlin", "2026-09-11T10:31:00.000Z"],
    ["MDalarm_20260911_123100.mkv", "America/New_York", "2026-09-11T16:31:00.000Z"],
    ["20260911_123100.mp4", "Asia/Kolkata", "2026-09-11T07:01:00.000Z"],
    ["cam-20260911-123100-0042.png", "Asia/Tokyo", "2026-09-11T03:31:00.000Z"],
    ["2026-01-01/MDAlarm_20260101-000000.jpg", "Pacific/Auckland", "2025-12-31T11:00:00.000Z"],
    ["20240229-235959.jpg", "UTC", "2024-02-29T23:59:59.000Z"],
    // The hour that its beginning skips: as far after the gap.
    ["20260329-023000.jpg", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
    ["20260308-023000.jpg", "America/New_York", "2026-03-08T07:30:00.000Z"],
    // A serial number, then the time.
    ["20269999_999999_20260911-123100.jpg", "UTC", "2026-09-11T12:31:00.000Z"],
    ["Porch_00_20260911123100.jpg", "Europe/Berlin", "2026-09-11T10:31:00.000Z"],
    ["RecM02_DST20260911_123100_123130_0_800_033C82_61B6F0.mp4", "UTC", "2026-09-11T12:31:00.000Z"],
    ["192.168.1.64_01_20260911123100123_MOTION_DETECTION.jpg", "UTC", "2026-09-11T12:31:00.123Z"],
    ["gate_733804851_20260911123100123_FACE_DETECTION.jpg", "UTC", "2026-09-11T12:31:00.123Z"],
    ["NVR_ch1_main_20260911123100_20260911123130.mp4", "UTC", "2026-09-11T12:31:00.000Z"],
    ["20260911123100_c00.jpg", "UTC", "2026-09-11T12:31:00.000Z"],
    ["Garage.20260911_123100771.jpg", "UTC", "2026-09-11T12:31:00.771Z"],
    ["01-20260911123100-00.jpg", "UTC", "2026-09-11T12:31:00.000Z"],
    ["video@20260911_123100.jpg", "UTC", "2026-09-11T12:31:00.000Z"],
    ["20260911T123100Z.jpg", "Asia/Tokyo", "2026-09-11T12:31:00.000Z"],
    ["2026-09-11T12_31_00+00_00.mp4", "Asia/Tokyo", "2026-09-11T12:31:00.000Z"],
    ["Porch_2026-09-11T12_31_00-0800.mp4", "Asia/Tokyo", "2026-09-11T20:31:00.000Z"],
    ["2026-09-11T12-31-00 person.mp4", "Asia/Tokyo", "2026-09-11T03:31:00.000Z"],
    ["2026-09-11T12-31-00-0001.jpg", "UTC", "2026-09-11T12:31:00.000Z"],
    ["2026-09-11_12-31-00-123456.mp4", "UTC", "2026-09-11T12:31:00.123Z"],
    ["MOTION_2026-09-11-12-31-00-123_001.jpg", "UTC", "2026-09-11T12:31:00.123Z"],
    ["Entrance-2026-09-11@123100.jpg", "UTC", "2026-09-11T12:31:00.000Z"],
    ["image26-09-11_12-31-00-12.jpg", "UTC", "2026-09-11T12:31:00.120Z"],
    ["Front Door - 9-11-2026, 12.31.00am.mp4", "UTC", "2026-09-11T00:31:00.000Z"],
    ["Front Door - 9-11-2026, 11.31.00pm.mp4", "UTC", "2026-09-11T23:31:00.000Z"],
    ["Front Door 09-11-2026, 13.31.00 CEST.mp4", "Europe/Berlin", "2026-09-11T11:31:00.000Z"],
    ["cam/AMC002A3/2026-09-11/001/jpg/12/31/00[M][0@0][0].jpg", "Europe/Berlin", "2026-09-11T10:31:00.000Z"],
    ["2026-09-11/001/jpg/12/31.07[M][0@0][0][31736].jpg", "UTC", "2026-09-11T12:31:07.000Z"],
    ["192.168.1.108/2026-09-11/002/jpg/12/12.31.07[M][0@0][0].jpg", "UTC", "2026-09-11T12:31:07.000Z"],
    ["2026-09-11/001/dav/12/12.31.07-12.32.00[R][0@0][0].mp4", "UTC", "2026-09-11T12:31:07.000Z"],
    ["2026-09-11/0/dav/12/0/1/98673/12.31.07-12.32.00[M][0@0][0].mp4", "UTC", "2026-09-11T12:31:07.000Z"],
    ["Porch/2026-09-11/12-31-07.jpg", "UTC", "2026-09-11T12:31:07.000Z"],
    ["record/20260911/12/31.mp4", "Europe/Berlin", "2026-09-11T10:31:00.000Z"],
    ["Yard/2026Y09M11D12H/31M07S60.mp4", "Europe/Berlin", "2026-09-11T10:31:07.000Z"],
    ["2026Y09M11D12H/E131M07S53.mp4", "UTC", "2026-09-11T12:31:07.000Z"],
    ["record/2026Y09M11D12H/31M07S.mp4", "UTC", "2026-09-11T12:31:07.000Z"],
    // The first has digits that are a time in 2310 as well.
    ["Yard/20231010/images000/A23101012310700.jpg", "UTC", "2023-10-10T12:31:07.000Z"],
    ["20260911/images000/P26091112310701.jpg", "Europe/Berlin", "2026-09-11T10:31:07.000Z"],
    ["20260911/record000/A260911_123107_123121.mp4", "UTC", "2026-09-11T12:31:07.000Z"],
    ["78HJK888839/2026091112/31M00S_1789129860.mp4", "Asia/Tokyo", "2026-09-11T12:31:00.000Z"],
    ["1789129860-1789129890.mp4", "Asia/Tokyo", "2026-09-11T12:31:00.000Z"],
    ["porch-1789129860.272411-0lbwng.jpg", "Asia/Tokyo", "2026-09-11T12:31:00.272Z"],
  ];
  for (const [name, timeZone, capturedAt] of named) {
    it(`reads ${name} in ${timeZone}`, () => {
      assert.deepEqual(capture(name, timeZone), { capturedAt, warning: null });
    });
  }

  const unnamed = [
    "snapshot.jpg",
    "20260911.jpg",
    "20261311-123100.jpg",
    "20260230-123100.jpg",
    "20230229-123100.jpg",
    "20260911-240000.jpg",
    "20260911-126000.jpg",
    "120260911-1231001.jpg",
    "20260911-123100/image.jpg",
    "00000101-000000.jpg",
    "19700101-000003.jpg",
    "19991231235959.jpg",
    "1789129860.jpg",
    "0000000007-0000000037.mp4",
    "17891298600.272411-0lbwng.jpg",
    "123456789012345678.jpg",
    "192.168.1.64_01.jpg",
    "2026-09-11/10.20.30.40_note.jpg",
    "2026-09-11/001/jpg/10.20.30.40/note.jpg",
    "20260911/1231/00.mp4",
    "31M07S60.mp4",
    "2026Y09M11D25H/31M07S60.mp4",
    "2026Y09M11D12H/31M07S60/note.mp4",
    "20260911/images000/A26091125310700.jpg",
    "Front Door - 9-11-2026, 13.31.00pm.mp4",
    "2026-09-11/001/jpg/25/31/00[M][0@0][0].jpg",
    "DS-2CD2042WD-I20260911AAWR648273851.jpg",
    "FoscamCamera_00626EFE8B21/snap/1.jpg",
    "20260911-1231-4100-8123-001122334455.jpg",
  ];
  for (const name of unnamed) {
    it(`takes the modification time for ${name}`, () => {
      assert.deepEqual(capture(name, "UTC"), { capturedAt: "2026-09-01T08:00:00.500Z", warning: null });
    });
  }

  it("believes a camera clock that is up to five minutes fast", () => {
    const received = "2026-09-11T12:31:00Z";
    assert.deepEqual(capture("20260911-123600.jpg", "UTC", { received }), {
      capturedAt: "2026-09-11T12:36:00.000Z",
      warning: null,
    });
    const { capturedAt, warning } = capture("20260911-123601.jpg", "UTC", { received });
    assert.equal(capturedAt, "2026-09-01T08:00:00.500Z");
    assert.match(
      warning ?? "",
      /name lies in the future \(2026-09-11T12:36:01\.000Z, read in UTC\).*modification time/,
    );
  });

  it("takes the time of arrival when the modification time is from the future as well", () => {
    const times = { received: "2026-09-11T12:31:00Z", mtime: "2099-01-01T00:00:00Z" };
    for (const name of ["20990101-000000.jpg", "snapshot.jpg"]) {
      const { capturedAt, warning } = capture(name, "UTC", times);
      assert.equal(capturedAt, "2026-09-11T12:31:00.000Z");
      assert.match(warning ?? "", /lies in the future.*time of arrival counts/);
    }
  });

  it("does not believe the time of a file system whose clock was never set", () => {
    const times = { received: "2026-09-11T12:31:00Z", mtime: "1970-01-01T00:00:07Z" };
    const { capturedAt, warning } = capture("snapshot.jpg", "UTC", times);
    assert.equal(capturedAt, "2026-09-11T12:31:00.000Z");
    assert.match(warning ?? "", /lies before the year 2000.*time of arrival counts/);
  });

  describe("in the hour that an autumn night has twice", () => {
    const FIRST = "2026-10-25T00:30:00.000Z";
    const SECOND = "2026-10-25T01:30:00.000Z";
    const cases: [what: string, mtime: string, received: string, capturedAt: string][] = [
      ["takes the first time for a file that was written then", "2026-10-25T00:30:02Z", "2026-10-25T00:30:03Z", FIRST],
      ["takes the second for one that was written then", "2026-10-25T01:30:02Z", "2026-10-25T01:30:03Z", SECOND],
      ["allows for a clock that is five minutes fast", "2026-10-25T01:25:00Z", "2026-10-25T01:25:00Z", SECOND],
      ["and for no more", "2026-10-25T01:24:59Z", "2026-10-25T01:24:59Z", FIRST],
      ["goes by when the file was written, not by when it was found", "2026-10-25T00:30:02Z", RECEIVED, FIRST],
      ["takes the second for an old file", RECEIVED, RECEIVED, SECOND],
      ["goes by the arrival where the file's time is wrong", "2099-01-01T00:00:00Z", "2026-10-25T00:31:00Z", FIRST],
    ];
    for (const [what, mtime, received, capturedAt] of cases) {
      it(what, () => {
        const captured = capture("20261025-023000.jpg", "Europe/Berlin", { mtime, received });
        assert.deepEqual(captured, { capturedAt, warning: null });
      });
    }
  });

  describe("reads back", () => {
    const LAG_MS = 10 * 60_000;
    const zones = Intl.supportedValuesOf("timeZone");
    /** Names as devices write them, the picture's place in its second rounded down to `stepMs`. */
    const writers: [name: string, stepMs: number, write: (wall: string, epochMs: number) => string][] = [
      ["Foscam's", 1000, (wall) => `Front Door/snap/MDAlarm_${wall.slice(0, 8)}-${wall.slice(8, 14)}.jpg`],
      ["Reolink's", 1000, (wall) => `2026/Porch_00_${wall.slice(0, 14)}.jpg`],
      ["Hikvision's", 1, (wall) => `192.168.1.64_01_${wall}_MOTION_DETECTION.jpg`],
      ["Dahua's folders", 1000, (wall) => wall.replace(DIGITS, "yard/$1-$2-$3/001/jpg/$4/$5/$6[M][0@0][0].jpg")],
      ["Dahua's clips", 1000, (wall) => wall.replace(DIGITS, "$1-$2-$3/001/dav/$4/$4.$5.$6-$4.$5.$6[M][0@0][0].mp4")],
      ["Axis's", 10, (wall) => wall.slice(2, 16).replace(SHORT_DIGITS, "image$1-$2-$3_$4-$5-$6-$7.jpg")],
      ["GeoVision's", 1, (wall) => wall.replace(DIGITS, "MOTION_$1-$2-$3-$4-$5-$6-$7_001.jpg")],
      ["motionEye's", 1000, (wall) => wall.replace(DIGITS, "$1-$2-$3/$4-$5-$6.jpg").slice(0, 23)],
      ["Wyze's", 60_000, (wall) => wall.replace(DIGITS, "record/$1$2$3/$4/$5.mp4")],
      ["Yi's", 1000, (wall) => wall.replace(DIGITS, "$1Y$2M$3D$4H/$5M$6S60.mp4")],
      ["INSTAR's", 1000, (wall) => `${wall.slice(0, 8)}/images000/A${wall.slice(2, 14)}00.jpg`],
      ["UniFi's", 1000, twelveHours],
      ["Tapo's", 1000, (_, epochMs) => `${epochMs / 1000}-${epochMs / 1000 + 30}.mp4`],
      [
        "Blink's",
        1000,
        (_, epochMs) => `${new Date(epochMs).toISOString().slice(0, 19).replaceAll(":", "_")}+00_00.mp4`,
      ],
    ];
    /** Instants of thirty-five years, and those around which a zone changes its offset. */
    const moment = fc.constantFrom(...zones).chain((timeZone) => {
      const anyMs = fc.integer({ min: Date.UTC(2002), max: Date.UTC(2037) });
      const change = Temporal.Instant.fromEpochMilliseconds(Date.UTC(2010))
        .toZonedDateTimeISO(timeZone)
        .getTimeZoneTransition("next");
      const nearMs = fc.integer({ min: -7_200_000, max: 7_200_000 });
      const changeMs = change && nearMs.map((distance) => change.epochMilliseconds + distance);
      return fc.record({
        timeZone: fc.constant(timeZone),
        takenMs: changeMs ? fc.oneof(anyMs, changeMs) : anyMs,
        lagMs: fc.integer({ min: 0, max: LAG_MS }),
      });
    });
    for (const [name, stepMs, write] of writers) {
      it(`${name} times, in any zone, and where an hour comes twice`, () => {
        fc.assert(
          fc.property(moment, ({ timeZone, takenMs, lagMs }) => {
            const wrote = Math.floor(takenMs / stepMs) * stepMs;
            const path = write(wallDigits(wrote, timeZone), wrote);
            const mtimeMs = takenMs + lagMs;
            const captured = captureTime({ name: path, timeZone, mtimeMs, receivedMs: mtimeMs });
            assert.deepEqual(captured, { capturedAt: new Date(wrote).toISOString(), warning: null }, path);
          }),
          { numRuns: 200 },
        );
      });
    }
  });

  it("reads what only looks like a name without an error", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789/-_.[T,: apm"), maxLength: 40 });
    fc.assert(
      fc.property(fc.oneof(digits, fc.string({ unit: "binary" })), (name) => {
        assert.equal(new Date(capture(name, "UTC").capturedAt).toISOString(), capture(name, "UTC").capturedAt);
      }),
    );
  });

  it("refuses a time zone that does not exist", () => {
    assert.throws(() => capture("20260911-123100.jpg", "Mars/Olympus"), RangeError);
  });
});

const DIGITS = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/;
const SHORT_DIGITS = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/;

/** What the camera's clock shows, as `YYYYMMDDHHMMSSmmm`. */
function wallDigits(epochMs: number, timeZone: string): string {
  const wall = Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(timeZone).toPlainDateTime();
  return wall.toString({ smallestUnit: "millisecond" }).replaceAll(/\D/g, "");
}

function twelveHours(wall: string): string {
  const [, year, month, day, hour, minute, second] = DIGITS.exec(wall) ?? [];
  const half = Number(hour) < 12 ? "am" : "pm";
  return `Front Door - ${Number(month)}-${Number(day)}-${year}, ${Number(hour) % 12 || 12}.${minute}.${second}${half}.mp4`;
}
