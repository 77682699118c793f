import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Allowance } from "../../../lib/resilience/allowance.ts";
import { FakeClock } from "../../support/fake-clock.ts";

describe("an allowance", () => {
  it("lets a burst through whole, and then as much as comes back", () => {
    const clock = new FakeClock();
    const looks = new Allowance(clock, 3, 1_000);
    const takeAll = () => {
      for (let taken = 0; ; taken++) if (!looks.take()) return taken;
    };
    equal(takeAll(), 3);
    clock.advance(999);
    equal(takeAll(), 0);
    clock.advance(1);
    equal(takeAll(), 1);
    clock.advance(2_500);
    equal(takeAll(), 2);
    clock.advance(500);
    equal(takeAll(), 1);
    clock.advance(3_600_000);
    equal(takeAll(), 3);
  });

  it("never lets more through in any time than at once and what comes back in it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(3_000), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 9 }),
        (waits, most) => {
          const clock = new FakeClock();
          const allowance = new Allowance(clock, most, 1_000);
          let passed = 0;
          let taken = 0;
          for (const wait of waits) {
            clock.advance(wait);
            passed += wait;
            taken += allowance.take() ? 1 : 0;
            ok(taken <= most + passed / 1_000);
          }
        },
      ),
    );
  });
});
