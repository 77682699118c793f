/** What lasts, and what does not: the watch over sequences of looks. */
import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Look } from "../../../../lib/context/scene/look.ts";
import { differenceIn, stateOf, watched } from "../../../../lib/context/scene/watch.ts";
import { toIso } from "../../../../lib/domain/time.ts";
import type { Watch } from "../../../../lib/domain/view.ts";

const START = Date.parse("2026-11-20T12:00:00.000Z");
const MINUTE_MS = 60_000;

/** The watch after such looks, a minute apart, each at a picture of its own. */
function watchAfter(looks: readonly (Look | null)[]): { watch: Watch; now: number } {
  let watch: Watch | null = null;
  let now = START;
  for (const [n, look] of looks.entries()) {
    now = START + n * MINUTE_MS;
    const glance = { camera_id: "porch", captured_at: toIso(now), sha256: `${n}`, middle: `${n}`, look };
    watch = watched(watch, { ...glance, light: "day" }, now);
  }
  ok(watch);
  return { watch, now };
}

const differences = fc.constantFrom<Look | null>("blocked", "moved", "defocused", null);
const looks = fc.oneof(differences, fc.constant<Look>("same"));

describe("a watch", () => {
  it("is well after any picture like the view, whatever came before", () => {
    fc.assert(
      fc.property(fc.array(looks, { maxLength: 30 }), (before) => {
        const { watch, now } = watchAfter([...before, "same"]);
        equal(differenceIn(watch), null);
        equal(stateOf(watch, true, now + 60 * MINUTE_MS), "ok");
      }),
    );
  });

  it("never tells of fewer than three pictures that differ, nor within five minutes", () => {
    fc.assert(
      fc.property(fc.array(looks, { maxLength: 10 }), fc.array(differences, { maxLength: 10 }), (before, last) => {
        const { watch, now } = watchAfter([...before, "same", ...last]);
        const differing = last.filter((look) => look !== null).length;
        equal(differenceIn(watch)?.pictures ?? 0, differing);
        const first = last.findIndex((look) => look !== null);
        const isLasting = differing >= 3 && last.length - 1 - first >= 5;
        equal(stateOf(watch, true, now) !== "ok", isLasting);
        equal(stateOf(watch, true, now + 5 * MINUTE_MS) !== "ok", differing >= 3);
      }),
    );
  });

  it("tells in which way most of them differ", () => {
    const { watch, now } = watchAfter(["same", "moved", "blocked", null, "blocked", "moved", "blocked"]);
    equal(stateOf(watch, true, now), "blocked");
  });

  it("knows nothing before a view is known", () => {
    const { watch, now } = watchAfter([null, null]);
    equal(stateOf(watch, false, now), null);
  });

  it("takes a picture for frozen that comes three times over ten minutes, not one that is repeated at once", () => {
    const { watch } = watchAfter(["same"]);
    const again = (before: Watch, minutes: number) =>
      watched(
        before,
        {
          camera_id: "porch",
          captured_at: toIso(START + minutes * MINUTE_MS),
          sha256: "another",
          middle: watch.middle,
          look: "same",
          light: "day",
        },
        START + minutes * MINUTE_MS,
      );
    const atOnce = again(again(again(watch, 1), 2), 3);
    equal(stateOf(atOnce, true, START + 60 * MINUTE_MS), "ok");
    const late = again(again(watch, 5), 10);
    equal(stateOf(late, true, START + 10 * MINUTE_MS), "frozen");
    equal(stateOf(again(watch, 10), true, START + 10 * MINUTE_MS), "ok");
  });
});
