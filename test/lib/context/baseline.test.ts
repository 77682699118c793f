import { equal, ok } from "node:assert/strict";
import { ENOUGH_HOURS, slotOf, usualness } from "../../../lib/context/baseline.ts";

/** Numbers from 0 to 1 that are the same in every run (Marsaglia's xorshift, 32 bits). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** How often something comes in a time, at a rate (Knuth). */
function poisson(rate: number, random: () => number): number {
  // In parts: the product would become 0 for a large rate.
  if (rate > 30) return poisson(30, random) + poisson(rate - 30, random);
  let product = random();
  let count = 0;
  for (const limit = Math.exp(-rate); product > limit; count++) product *= random();
  return count;
}

describe("what is usual", () => {
  it("is not said before there is enough history", () => {
    const history = { count: 3, hours: ENOUGH_HOURS - 0.1 };
    equal(usualness(history, 2).probability, null);
    equal(usualness(history, 2).usual_per_hour, null);
    equal(usualness({ ...history, hours: ENOUGH_HOURS }, 2).usual_per_hour, 3 / ENOUGH_HOURS);
  });

  it("counts hours in which nothing came: the first visit in forty quiet nights is unusual, the tenth in a busy hour is not", () => {
    ok((usualness({ count: 0, hours: 40 }, 1).probability ?? 1) < 0.02);
    ok((usualness({ count: 400, hours: 40 }, 10).probability ?? 0) > 0.4);
    ok((usualness({ count: 400, hours: 40 }, 30).probability ?? 1) < 1e-4);
  });

  it("is the less probable the more comes, and 1 for nothing at all", () => {
    const history = { count: 12.5, hours: 10.25 };
    equal(usualness(history, 0).probability, 1);
    for (let n = 0; n < 50; n++) {
      ok((usualness(history, n).probability ?? 0) >= (usualness(history, n + 1).probability ?? 1));
    }
  });

  // On a history whose rate does not change, an alarm at level p comes in no more than a share p of the hours; counts are
  // whole numbers, so for rare things it comes in fewer.
  for (const level of [0.05, 0.01]) {
    for (const rate of [0.05, 0.3, 1, 5, 20, 80]) {
      for (const hours of [6, 30, 200]) {
        it(`calls ${rate} an hour unusual at level ${level} no more often than that, after ${hours} hours`, () => {
          const random = dice(Math.round(rate * 1000) + hours);
          const trials = 6_000;
          let alarms = 0;
          for (let trial = 0; trial < trials; trial++) {
            const history = { count: poisson(rate * hours, random), hours };
            if ((usualness(history, poisson(rate, random)).probability ?? 1) <= level) alarms += 1;
          }
          const spread = Math.sqrt((level * (1 - level)) / trials);
          ok(alarms / trials <= level + 3.5 * spread, `${alarms / trials}`);
          if (rate >= 20) ok(alarms / trials >= level / 2, `${alarms / trials}`);
        });
      }
    }
  }
});

describe("a slot of the week", () => {
  const slots: [string, string, string, number, string][] = [
    ["a Friday evening", "2026-11-27T21:30:00Z", "Europe/Berlin", 22, "2026-11-27T21:00:00.000Z"],
    ["a Saturday night", "2026-11-28T02:59:59Z", "Europe/Berlin", 27, "2026-11-28T02:00:00.000Z"],
    ["half an hour off", "2026-11-27T18:45:00Z", "Asia/Kolkata", 24, "2026-11-27T18:30:00.000Z"],
    ["the hour that comes twice, first", "2026-10-25T00:30:00Z", "Europe/Berlin", 26, "2026-10-25T00:00:00.000Z"],
    ["the hour that comes twice, again", "2026-10-25T01:30:00Z", "Europe/Berlin", 26, "2026-10-25T01:00:00.000Z"],
  ];
  for (const [what, now, timeZone, slot, begins] of slots) {
    it(`is ${slot} for ${what}`, () => {
      const found = slotOf(Date.parse(now), timeZone);
      equal(found.slot, slot);
      equal(new Date(found.hourMs).toISOString(), begins);
    });
  }
});
