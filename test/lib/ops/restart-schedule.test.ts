import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { ServiceState } from "../../../lib/domain/system-status.ts";
import { RestartSchedule, type RestartStep } from "../../../lib/ops/restart-schedule.ts";

const POLICY = { graceMs: 60_000, attempts: 3 };

/** What is to be done, second by second, with the second in which it is. */
function play(states: readonly (readonly [seconds: number, state: ServiceState])[], policy = POLICY) {
  const schedule = new RestartSchedule(policy);
  const steps: [second: number, step: RestartStep][] = [];
  let second = 0;
  for (const [seconds, state] of states) {
    for (const end = second + seconds; second < end; second++) {
      const step = schedule.see(state, second * 1_000);
      if (step) steps.push([second, step]);
    }
  }
  return steps;
}
const restart = (attempt: number, backoff_s: number): RestartStep => ({ action: "restart", attempt, backoff_s });

describe("RestartSchedule", () => {
  it("waits for the grace period, then ever longer, gives up once, and says once when it is back", () => {
    deepEqual(
      play([
        [10, "up"],
        [1_000, "down"],
        [10, "up"],
      ]),
      [
        [70, restart(1, 5)],
        [70 + 65, restart(2, 10)],
        [70 + 65 + 70, restart(3, 20)],
        [70 + 65 + 70 + 80, { action: "gave_up", attempt: 3, backoff_s: null }],
        [1_010, { action: "recovered", attempt: 3, backoff_s: null }],
      ],
    );
  });

  it("says nothing of what comes back within the grace period", () => {
    deepEqual(
      play([
        [59, "down"],
        [1, "up"],
        [59, "down"],
        [1, "up"],
      ]),
      [],
    );
  });

  it("begins the count again after each recovery", () => {
    const steps = play([
      [61, "down"],
      [10, "up"],
      [61, "down"],
    ]);
    deepEqual(
      steps.map(([, step]) => step),
      [restart(1, 5), { action: "recovered", attempt: 1, backoff_s: null }, restart(1, 5)],
    );
  });

  it("leaves one alone that loads its model, however long that takes", () => {
    deepEqual(play([[600, "starting"]]), []);
    deepEqual(
      play([
        [61, "down"],
        [600, "starting"],
        [60, "down"],
        [1, "up"],
      ]).map(([, { action }]) => action),
      ["restart", "restart", "recovered"],
    );
  });

  it("gives up at once where nobody is to start it again", () => {
    deepEqual(play([[100, "down"]], { graceMs: 10_000, attempts: 0 }), [
      [10, { action: "gave_up", attempt: 0, backoff_s: null }],
    ]);
  });

  it("never attempts more than it may, nor sooner, whatever happens", () => {
    const span = fc.tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom<ServiceState[]>("up", "starting", "down"));
    fc.assert(
      fc.property(fc.array(span), (states) => {
        let before = { attempt: 0, mayGoAt: 0 };
        for (const [second, { action, attempt, backoff_s }] of play(states)) {
          ok(attempt <= POLICY.attempts);
          if (action === "recovered") before = { attempt: 0, mayGoAt: 0 };
          if (action !== "restart") continue;
          equal(attempt, before.attempt + 1);
          equal(backoff_s, 5 * 2 ** (attempt - 1));
          ok(second >= before.mayGoAt);
          before = { attempt, mayGoAt: second + POLICY.graceMs / 1_000 + backoff_s };
        }
      }),
    );
  });
});
