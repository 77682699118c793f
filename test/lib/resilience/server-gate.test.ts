import { deepEqual, equal, ok } from "node:assert/strict";
import { MediaError, ReplyError, ServerError } from "../../../lib/resilience/errors.ts";
import { type Caller, type Offer, ServerGate, type Visit } from "../../../lib/resilience/server-gate.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const FAILED = new ServerError("FAILED", "500");
const REFUSED = new ServerError("REFUSED", "Nobody listens", { unreachable: true });
const retryAfter = (retryAfterMs: number) => new ServerError("BUSY", "429", { retryAfterMs });

/** A node with jobs that start when the gate lets them, and end when a test says so. */
class Node implements Caller {
  readonly waiting: { name: string; priority: number }[] = [];
  readonly #gate: ServerGate;
  readonly #started: string[];
  readonly #visits = new Map<string, Visit>();

  constructor(gate: ServerGate, started: string[]) {
    this.#gate = gate;
    this.#started = started;
  }

  add(...names: string[]): void {
    this.addAt(0, ...names);
  }

  addAt(priority: number, ...names: string[]): void {
    this.waiting.push(...names.map((name) => ({ name, priority })));
    this.#gate.pump();
  }

  offer(): Offer | null {
    const best = this.waiting.toSorted((one, other) => other.priority - one.priority)[0];
    if (!best) return null;
    return {
      priority: best.priority,
      start: (visit) => {
        this.waiting.splice(this.waiting.indexOf(best), 1);
        this.#visits.set(best.name, visit);
        this.#started.push(best.name);
      },
    };
  }

  succeed(name: string): void {
    this.#leave(name).succeeded();
  }

  fail(name: string, error: Error): boolean {
    return this.#leave(name).failed(name, error);
  }

  #leave(name: string): Visit {
    const visit = this.#visits.get(name);
    if (!visit) throw new Error(`"${name}" is not inside`);
    this.#visits.delete(name);
    return visit;
  }
}

describe("ServerGate", () => {
  let clock: FakeClock;
  let gate: ServerGate;
  /** The jobs of all nodes, in the order in which they started. */
  let started: string[];

  beforeEach(() => {
    clock = new FakeClock();
    gate = new ServerGate(clock);
    started = [];
  });

  const join = (concurrency: number) => {
    const node = new Node(gate, started);
    return Object.assign(node, { leave: gate.join(node, concurrency) });
  };

  describe("while the server works", () => {
    it("lets in as many at once as the least of the nodes allows", () => {
      const one = join(3);
      const other = join(2);
      one.add("a", "b");
      other.add("c");
      deepEqual(started, ["a", "b"]);
      one.succeed("b");
      deepEqual(started, ["a", "b", "c"]);
    });

    it("lets in more when the node that allowed the least has left", () => {
      const one = join(3);
      const other = join(1);
      one.add("a", "b", "c", "d");
      deepEqual(started, ["a"]);
      other.leave();
      deepEqual(started, ["a", "b", "c"]);
    });

    it("keeps the place of a job whose node has left until it ends", () => {
      const one = join(1);
      const other = join(1);
      one.add("a");
      other.add("b");
      one.leave();
      deepEqual(started, ["a"]);
      one.succeed("a");
      deepEqual(started, ["a", "b"]);
    });

    it("starts nothing of a node that has left", () => {
      const one = join(1);
      const other = join(1);
      one.add("a", "b");
      other.add("c");
      one.leave();
      one.succeed("a");
      deepEqual(started, ["a", "c"]);
    });

    it("takes the most urgent job of all nodes", () => {
      const one = join(1);
      const other = join(1);
      one.add("first");
      one.addAt(0, "live");
      other.addAt(-1, "backlog");
      other.addAt(1, "urgent");
      for (const [node, name] of [
        [one, "first"],
        [other, "urgent"],
        [one, "live"],
      ] as const) {
        node.succeed(name);
      }
      deepEqual(started, ["first", "urgent", "live", "backlog"]);
    });

    it("lets nodes with jobs of the same priority take turns", () => {
      const one = join(1);
      const other = join(1);
      one.add("a1", "a2", "a3");
      other.add("b1", "b2");
      for (const name of ["a1", "b1", "a2", "b2"]) (name.startsWith("a") ? one : other).succeed(name);
      deepEqual(started, ["a1", "b1", "a2", "b2", "a3"]);
    });

    it("goes on with jobs that end in the same breath as they start", () => {
      const done: number[] = [];
      let left = 3;
      gate.join(
        {
          offer: () =>
            left === 0
              ? null
              : {
                  priority: 0,
                  start: (visit) => {
                    done.push(left--);
                    visit.succeeded();
                  },
                },
        },
        1,
      );
      gate.pump();
      deepEqual(done, [3, 2, 1]);
    });
  });

  describe("an outage", () => {
    const isAway = () => gate.outage !== null;

    it("begins when nobody could be reached, with one failure", () => {
      const node = join(2);
      node.add("a");
      node.fail("a", REFUSED);
      equal(gate.outage, REFUSED);
    });

    it("begins when two different jobs have failed in a row", () => {
      const node = join(1);
      node.add("a", "b");
      node.fail("a", FAILED);
      equal(isAway(), false);
      node.fail("b", FAILED);
      equal(gate.outage, FAILED);
    });

    it("does not begin when one job fails again and again", () => {
      const node = join(1);
      for (let n = 0; n < 5; n++) {
        node.add("a");
        node.fail("a", FAILED);
      }
      equal(isAway(), false);
      equal(gate.closedForMs, 0);
    });

    it("does not begin when the server did another job between two failures", () => {
      const node = join(1);
      node.add("a", "good", "b");
      node.fail("a", FAILED);
      node.succeed("good");
      node.fail("b", FAILED);
      equal(isAway(), false);
    });

    for (const error of [new MediaError("NO_PICTURE", "x"), new ReplyError("UNUSABLE", "x"), new TypeError("x")]) {
      it(`neither begins nor ends with a ${error.name}, which says nothing of the server`, () => {
        const node = join(1);
        node.add("a", "b", "c");
        node.fail("a", error);
        node.fail("b", error);
        equal(isAway(), false);
        node.fail("c", REFUSED);
        clock.advance(1_000);
        node.add("d", "e");
        node.fail("d", error);
        equal(gate.outage, REFUSED);
        deepEqual(started.slice(3), ["d", "e"], "the probe has told nothing, so that the next may go");
      });
    }

    it("lets in one probe at a time, however many could", () => {
      const node = join(4);
      node.add("a", "b", "c", "d", "e");
      for (const name of ["a", "b", "c"]) node.fail(name, REFUSED);
      clock.advance(60_000);
      deepEqual(started, ["a", "b", "c", "d"], "one is inside from before");
      node.fail("d", REFUSED);
      clock.advance(60_000);
      node.add("f", "g");
      clock.advance(600_000);
      deepEqual(started, ["a", "b", "c", "d", "e"]);
    });

    it("waits for a second before the first probe, and ever longer up to a minute", () => {
      const node = join(1);
      node.add("0");
      node.fail("0", REFUSED);
      for (let probe = 1; probe <= 12; probe++) {
        const ceiling = Math.min(1_000 * 2 ** (probe - 1), 60_000);
        const wait = gate.closedForMs;
        ok(wait >= ceiling / 2 && wait <= ceiling, `${wait} ms before probe ${probe}`);
        node.add(String(probe));
        clock.advance(wait - 1);
        equal(started.length, probe);
        clock.advance(1);
        equal(started.length, probe + 1);
        node.fail(String(probe), FAILED);
      }
    });

    it("does not wait longer because several jobs failed together", () => {
      const node = join(4);
      node.add("a", "b", "c", "d");
      for (const name of ["a", "b", "c", "d"]) node.fail(name, REFUSED);
      ok(gate.closedForMs <= 1_000);
    });

    for (const [asked, waits] of [
      [30_000, 30_000],
      [3_600_000, 600_000],
    ] as const) {
      it(`leaves a server alone for ${waits / 1000} s that asks for ${asked / 1000} s`, () => {
        const node = join(1);
        node.add("a", "b");
        node.fail("a", retryAfter(asked));
        equal(gate.closedForMs, waits);
        clock.advance(waits - 1);
        deepEqual(started, ["a"]);
        clock.advance(1);
        deepEqual(started, ["a", "b"]);
      });
    }

    it("does not ask again before its time because a server says it may", () => {
      const node = join(1);
      node.add("a");
      node.fail("a", retryAfter(0));
      ok(gate.closedForMs >= 500);
    });

    it("ends with the first success, and all may go in again", () => {
      const node = join(2);
      node.add("a", "b", "c", "d");
      node.fail("a", REFUSED);
      node.fail("b", REFUSED);
      clock.advance(1_000);
      deepEqual(started, ["a", "b", "c"]);
      node.add("e");
      node.succeed("c");
      equal(gate.outage, null);
      deepEqual(started, ["a", "b", "c", "d", "e"]);
      equal(clock.pending, 0);
    });

    it("begins anew after it has ended, with a short wait", () => {
      const node = join(1);
      node.add("a");
      node.fail("a", REFUSED);
      for (const name of ["b", "c", "d"]) {
        clock.advance(60_000);
        node.add(name);
        node.fail(name, REFUSED);
      }
      ok(gate.closedForMs > 2_000);
      clock.advance(60_000);
      node.add("e", "f");
      node.succeed("e");
      node.fail("f", REFUSED);
      ok(gate.closedForMs <= 1_000);
    });

    it("ends with the success of a job that was inside when it began", () => {
      const node = join(2);
      node.add("a", "b");
      node.fail("a", REFUSED);
      node.succeed("b");
      equal(gate.outage, null);
    });

    it("lets the most urgent job be the probe, whichever node has it", () => {
      const one = join(1);
      const other = join(1);
      one.add("a");
      one.fail("a", REFUSED);
      one.add("b");
      other.addAt(1, "urgent");
      clock.advance(1_000);
      deepEqual(started, ["a", "urgent"]);
    });

    it("probes with the first job that comes, when none was there in time", () => {
      const node = join(1);
      node.add("a");
      node.fail("a", REFUSED);
      clock.advance(60_000);
      node.add("b");
      deepEqual(started, ["a", "b"]);
    });

    it("goes on for a node that joins later, and leaves no timer behind the last one that leaves", () => {
      const node = join(1);
      node.add("a");
      node.fail("a", REFUSED);
      node.add("b");
      node.leave();
      equal(clock.pending, 0);
      const next = join(1);
      next.add("c");
      deepEqual(started, ["a"]);
      clock.advance(1_000);
      deepEqual(started, ["a", "c"]);
      next.leave();
      equal(clock.pending, 0);
    });
  });

  describe("a job that fails", () => {
    it("is suspect where the server had worked until then", () => {
      const node = join(1);
      node.add("good", "bad");
      node.succeed("good");
      equal(node.fail("bad", FAILED), true);
    });

    it("is not where the server has done nothing yet", () => {
      const node = join(1);
      node.add("a");
      equal(node.fail("a", FAILED), false);
    });

    it("is not where another one has failed before it, as in an outage", () => {
      const node = join(1);
      node.add("good", "first", "second", "third");
      node.succeed("good");
      node.fail("first", FAILED);
      equal(node.fail("second", FAILED), false);
      clock.advance(1_000);
      equal(node.fail("third", FAILED), false);
    });

    it("is not where nobody could be reached", () => {
      const node = join(1);
      node.add("good", "a");
      node.succeed("good");
      equal(node.fail("a", REFUSED), false);
    });

    it("is not with an error that is not the server's", () => {
      const node = join(1);
      node.add("good", "a");
      node.succeed("good");
      equal(node.fail("a", new MediaError("NO_PICTURE", "x")), false);
    });
  });
});
