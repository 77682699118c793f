import assert from "node:assert/strict";
import fc from "fast-check";
import { deriveId } from "../../../lib/domain/ids.ts";
import { IsoTime } from "../../../lib/domain/time.ts";

describe("deriveId", () => {
  it("makes the same id of the same parts, and another of others", () => {
    const parts = fc.array(fc.string(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const same = deriveId("upload", ...one) === deriveId("upload", ...other);
        assert.equal(same, JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it("keeps the nanoseconds of a file time", () => {
    assert.notEqual(deriveId("upload", 1795253801229507300n), deriveId("upload", 1795253801229507301n));
  });

  it("fits a topic, a file name and a Home Assistant id", () => {
    assert.match(deriveId("event", "ba_1", "node"), /^ev_[0-9a-f]{24}$/);
  });
});

describe("IsoTime", () => {
  it("brings any offset to UTC, so that times can be compared as text", () => {
    assert.equal(IsoTime.parse("2026-09-11T14:31:00+02:00"), "2026-09-11T12:31:00.000Z");
    assert.equal(IsoTime.parse("2026-09-11T12:31:00Z"), "2026-09-11T12:31:00.000Z");
  });

  it("refuses a time without an offset", () => {
    assert.equal(IsoTime.safeParse("2026-09-11T12:31:00").success, false);
  });
});
