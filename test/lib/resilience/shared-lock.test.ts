import { deepEqual, equal, rejects } from "node:assert/strict";
import { SharedLock } from "../../../lib/resilience/shared-lock.ts";

const settled = () => new Promise(setImmediate);

describe("SharedLock", () => {
  let lock: SharedLock;
  /** Names of what runs now, in the order it began. */
  let running: string[];
  let ends: Map<string, PromiseWithResolvers<void>>;

  beforeEach(() => {
    lock = new SharedLock(3);
    running = [];
    ends = new Map();
  });

  /** Holds the lock until `end(name)`. */
  function hold(name: string, how: "shared" | "alone", signal = new AbortController().signal): Promise<string> {
    const ended = Promise.withResolvers<void>();
    ends.set(name, ended);
    const work = async () => {
      running.push(name);
      await ended.promise.finally(() => running.splice(running.indexOf(name), 1));
      return name;
    };
    return lock.run(how, work, signal);
  }

  async function end(...names: string[]): Promise<void> {
    for (const name of names) ends.get(name)?.resolve();
    await settled();
  }

  it("is held by many at once, or by one alone", async () => {
    void hold("a", "shared");
    void hold("b", "shared");
    void hold("c", "alone");
    await settled();
    deepEqual(running, ["a", "b"]);
    await end("a");
    deepEqual(running, ["b"]);
    await end("b");
    deepEqual(running, ["c"]);
    void hold("d", "alone");
    void hold("e", "shared");
    await settled();
    deepEqual(running, ["c"]);
    await end("c");
    deepEqual(running, ["d"]);
    await end("d");
    deepEqual(running, ["e"]);
  });

  it("is held by no more than so many", async () => {
    for (const name of ["a", "b", "c", "d", "e"]) void hold(name, "shared");
    await settled();
    deepEqual(running, ["a", "b", "c"]);
    await end("b");
    deepEqual(running, ["a", "c", "d"]);
    await end("a", "c", "d");
    deepEqual(running, ["e"]);
  });

  it("lets nobody pass who comes later", async () => {
    void hold("a", "shared");
    void hold("alone", "alone");
    void hold("later", "shared");
    void hold("too", "shared");
    await settled();
    deepEqual(running, ["a"]);
    await end("a");
    deepEqual(running, ["alone"]);
    await end("alone");
    deepEqual(running, ["later", "too"]);
  });

  it("answers what the work answers, and is free after work that throws", async () => {
    const failing = lock.run("alone", () => Promise.reject(new Error("no")), new AbortController().signal);
    const held = hold("next", "shared");
    await rejects(failing, { message: "no" });
    await end("next");
    equal(await held, "next");
  });

  describe("when its signal aborts", () => {
    it("waits no longer, and lets those behind it in", async () => {
      const closing = new AbortController();
      void hold("a", "shared");
      const waiting = hold("alone", "alone", closing.signal);
      void hold("b", "shared");
      closing.abort(new Error("closing"));
      await rejects(waiting, { message: "closing" });
      await settled();
      deepEqual(running, ["a", "b"]);
    });

    it("does not begin to wait", async () => {
      await rejects(hold("a", "shared", AbortSignal.abort(new Error("closed"))), { message: "closed" });
      deepEqual(running, []);
    });

    it("runs on where it runs, and takes nobody else's place", async () => {
      const closing = new AbortController();
      const first = hold("first", "alone", closing.signal);
      void hold("second", "alone");
      // Let in, and not yet running.
      closing.abort(new Error("closing"));
      await settled();
      deepEqual(running, ["first"]);
      await end("first");
      equal(await first, "first");
      deepEqual(running, ["second"]);
    });
  });
});
