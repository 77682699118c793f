import assert from "node:assert/strict";
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
    // The hour that the end of summer time repeats: the first of the two.
    ["20261025-023000.jpg", "Europe/Berlin", "2026-10-25T00:30:00.000Z"],
    ["20261101-013000.jpg", "America/New_York", "2026-11-01T05:30:00.000Z"],
    // The hour that its beginning skips: as far after the gap.
    ["20260329-023000.jpg", "Europe/Berlin", "2026-03-29T01:30:00.000Z"],
    ["20260308-023000.jpg", "America/New_York", "2026-03-08T07:30:00.000Z"],
    // A serial number, then the time.
    ["20269999_999999_20260911-123100.jpg", "UTC", "2026-09-11T12:31:00.000Z"],
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

  it("refuses a time zone that does not exist", () => {
    assert.throws(() => capture("20260911-123100.jpg", "Mars/Olympus"), RangeError);
  });
});
