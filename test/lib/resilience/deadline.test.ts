import { equal, rejects } from "node:assert/strict";
import { withDeadline } from "../../../lib/resilience/deadline.ts";
import { unlessAborted } from "../../../lib/resilience/unless-aborted.ts";
import { FakeClock } from "../../support/fake-clock.ts";

describe("work with a deadline", () => {
  const late = new Error("late");
  const forever = (signal: AbortSignal) => unlessAborted(new Promise<never>(() => {}), signal);

  it("comes to what it comes to in time, and is aborted no more after that", async () => {
    const clock = new FakeClock();
    const signals: AbortSignal[] = [];
    const work = async (signal: AbortSignal) => {
      signals.push(signal);
      return 7;
    };
    equal(await withDeadline({ clock, ms: 1_000, late }, new AbortController().signal, work), 7);
    clock.advance(2_000);
    equal(signals[0]?.aborted, false);
  });

  it("is aborted when its time is over, and with the signal that it was given", async () => {
    const clock = new FakeClock();
    const first = withDeadline({ clock, ms: 1_000, late }, new AbortController().signal, forever);
    clock.advance(1_000);
    await rejects(first, late);
    const given = new AbortController();
    const second = withDeadline({ clock, ms: 1_000, late }, given.signal, forever);
    given.abort(new Error("closed"));
    await rejects(second, /closed/);
  });
});
