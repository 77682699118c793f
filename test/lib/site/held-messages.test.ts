import { deepEqual, equal, rejects } from "node:assert/strict";
import { InputError, StoreError } from "../../../lib/resilience/errors.ts";
import { HeldMessages } from "../../../lib/site/held-messages.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { settle } from "./running-site.ts";

const FULL = new StoreError("DISK_FULL", "no room", { retryable: true });
const BROKEN = new StoreError("STORE_CORRUPT", "it is broken");
const MB = 1024 * 1024;

describe("HeldMessages", () => {
  let clock: FakeClock;
  let closing: AbortController;
  let held: HeldMessages;
  let warnings: string[];
  /** What the store answers; null: it takes everything. */
  let failure: Error | null;
  /** The messages that the store was asked to take, and those that it took. */
  let tried: number[];
  let taken: number[];

  beforeEach(() => {
    clock = new FakeClock();
    closing = new AbortController();
    warnings = [];
    failure = FULL;
    tried = [];
    taken = [];
    held = new HeldMessages({ clock, signal: closing.signal, warn: (text) => warnings.push(text) });
  });

  afterEach(() => closing.abort());

  const take = (n: number, bytes = 0) =>
    held.take(bytes, async () => {
      tried.push(n);
      if (failure) throw failure;
      taken.push(n);
    });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settle();
  };

  it("takes them in order once the store works, and tries no more than one while it fails", async () => {
    const all = [1, 2, 3].map((n) => take(n));
    await settle();
    tried = [];
    await pass(5_000);
    await pass(5_000);
    deepEqual(tried, [1, 1]);
    failure = null;
    const late = take(4);
    await settle();
    deepEqual(taken, [], "none passes those that wait");
    await pass(5_000);
    await Promise.all([...all, late]);
    deepEqual(taken, [1, 2, 3, 4]);
    await take(5);
    equal(clock.pending, 0);
    deepEqual(warnings, ["no room; messages wait"]);
  });

  it("throws what waiting does not help against, and goes on with the next", async () => {
    const [one, other] = [take(1), take(2)];
    await settle();
    failure = BROKEN;
    clock.advance(5_000);
    await rejects(one, BROKEN);
    await rejects(other, BROKEN);
    failure = new InputError("NOT_THIS", "not this one");
    await rejects(take(3), { code: "NOT_THIS" });
  });

  it("has room for a thousand", async () => {
    const all = Array.from({ length: 1_000 }, (_, n) => take(n));
    await settle();
    await rejects(take(1_000), FULL);
    failure = null;
    await pass(5_000);
    await Promise.all(all);
  });

  it("has room for 64 MB", async () => {
    const all = [take(1, 40 * MB), take(2, 24 * MB)];
    await settle();
    await rejects(take(3, 1), FULL);
    all.push(take(4));
    failure = null;
    await pass(5_000);
    await Promise.all(all);
    deepEqual(taken, [1, 2, 4]);
    await take(5, 60 * MB);
  });

  it("gives all of them up at once when the node closes", async () => {
    const all = [1, 2, 3].map((n) => take(n));
    await settle();
    closing.abort();
    for (const each of all) await rejects(each, FULL);
    await rejects(take(4), FULL);
    equal(clock.pending, 0);
  });
});
