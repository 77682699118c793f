import { deepEqual, equal } from "node:assert/strict";
import { startClockWatch } from "../../../lib/site/clock-watch.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const HOUR_MS = 3_600_000;

describe("startClockWatch", () => {
  function start(onParted: (byMs: number | null) => void = () => {}) {
    const clock = new FakeClock();
    const parted: (number | null)[] = [];
    const errors: string[] = [];
    const stop = startClockWatch({
      clock,
      onParted: (byMs) => {
        parted.push(byMs);
        onParted(byMs);
      },
      onError: (error) => errors.push(error.message),
    });
    return { clock, parted, errors, stop };
  }

  for (const byMs of [-HOUR_MS, 24 * HOUR_MS, 2_001, -2_001]) {
    it(`notices within ten seconds that the clock was set by ${byMs} ms, once`, () => {
      const { clock, parted } = start();
      clock.advance(25_000);
      deepEqual(parted, [null]);
      clock.setWall(clock.now() + byMs);
      clock.advance(10_000);
      deepEqual(parted, [null, byMs]);
      clock.advance(HOUR_MS);
      deepEqual(parted, [null, byMs]);
    });
  }

  it("takes two seconds for nothing, but not many times over", () => {
    const { clock, parted } = start();
    clock.setWall(clock.now() + 2_000);
    clock.advance(10_000);
    deepEqual(parted, [null]);
    clock.setWall(clock.now() + 2_000);
    clock.advance(10_000);
    deepEqual(parted, [null, 4_000]);
  });

  it("goes on asking where that failed", () => {
    let failures = 1;
    const { clock, parted, errors } = start(() => {
      if (failures-- > 0) throw new Error("disk full");
    });
    deepEqual(errors, ["disk full"]);
    clock.advance(10_000);
    deepEqual(parted, [null, null]);
    failures = 1;
    clock.setWall(clock.now() - HOUR_MS);
    clock.advance(20_000);
    deepEqual(parted, [null, null, -HOUR_MS, -HOUR_MS]);
    deepEqual(errors, ["disk full", "disk full"]);
  });

  it("stops", () => {
    const { clock, stop } = start();
    clock.advance(10_000);
    stop();
    equal(clock.pending, 0);
  });
});
