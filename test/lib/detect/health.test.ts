import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { HealthPoller } from "../../../lib/detect/health.ts";
import { onlyHealth, type ServerHealth, type ServerReport } from "../../../lib/domain/server-report.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** A question that was put to the detector. */
interface Question {
  readonly signal: AbortSignal;
  answer(health: ServerHealth): void;
  fail(error: Error): void;
}

describe("HealthPoller", () => {
  let clock: FakeClock;
  let questions: Question[];
  let changes: ServerHealth[];
  let poller: HealthPoller;

  beforeEach(() => {
    clock = new FakeClock();
    questions = [];
    changes = [];
    const look = (signal: AbortSignal) => {
      const { promise, resolve, reject: fail } = Promise.withResolvers<ServerReport>();
      signal.addEventListener("abort", () => fail(signal.reason));
      questions.push({ signal, answer: (health) => resolve(onlyHealth(health)), fail });
      return promise;
    };
    poller = new HealthPoller({ detector: { look }, clock, onChange: () => changes.push(poller.health) });
    poller.start();
  });
  afterEach(() => poller.close());

  const question = () => questions.at(-1) ?? assert.fail("nothing was asked");

  it("asks at the start and then every 30 seconds, and says what changed", async () => {
    assert.equal(poller.health, "unknown");
    const answers: ServerHealth[] = ["warming", "warming", "ready", "failing", "unknown"];
    for (const [i, health] of answers.entries()) {
      question().answer(health);
      await setImmediate();
      assert.equal(poller.health, health);
      clock.advance(29_999);
      assert.equal(questions.length, i + 1);
      clock.advance(1);
      assert.equal(questions.length, i + 2);
    }
    assert.deepEqual(changes, ["warming", "ready", "failing", "unknown"]);
  });

  it("takes an error for failing", async () => {
    question().fail(new Error("no route"));
    await setImmediate();
    assert.deepEqual([poller.health, changes], ["failing", ["failing"]]);
  });

  it("waits for no more than 5 seconds, and never asks twice at once", async () => {
    const { signal } = question();
    clock.advance(4_999);
    assert.equal(signal.aborted, false);
    clock.advance(1);
    await setImmediate();
    assert.deepEqual([signal.aborted, poller.health, questions.length], [true, "failing", 1]);
    clock.advance(30_000);
    assert.equal(questions.length, 2);
  });

  it("stops when it is closed, while it waits for an answer", async () => {
    const { signal } = question();
    poller.close();
    await setImmediate();
    clock.advance(60_000);
    assert.deepEqual([signal.aborted, questions.length, poller.health, changes], [true, 1, "unknown", []]);
    assert.equal(clock.pending, 0);
  });

  it("stops when it is closed, between two questions", async () => {
    question().answer("ready");
    await setImmediate();
    poller.close();
    clock.advance(60_000);
    assert.deepEqual([questions.length, clock.pending], [1, 0]);
  });
});
