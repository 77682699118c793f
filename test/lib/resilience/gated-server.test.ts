import { deepEqual, equal, rejects } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { ServerError } from "../../../lib/resilience/errors.ts";
import { GatedServer } from "../../../lib/resilience/gated-server.ts";
import { ServerGate } from "../../../lib/resilience/server-gate.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const { signal } = new AbortController();
const REFUSED = new ServerError("AI_UNREACHABLE", "refused", { unreachable: true });
/** After this, any probe is due. */
const A_MINUTE = 60_000;

describe("GatedServer", () => {
  let clock: FakeClock;
  let gate: ServerGate;
  let server: GatedServer;
  let probes: number;
  let changes: (string | null)[];
  let probe: () => Promise<unknown>;

  beforeEach(() => {
    clock = new FakeClock();
    gate = new ServerGate(clock);
    probes = 0;
    changes = [];
    probe = () => Promise.resolve();
    server = new GatedServer({
      gate,
      concurrency: 1,
      probe: () => {
        probes += 1;
        return probe();
      },
      onChange: () => changes.push(gate.outage?.message ?? null),
    });
  });
  afterEach(() => server.close());

  /** A call that goes on until it is told how it ends. */
  const callUntil = (job: string) => {
    const end = Promise.withResolvers<string>();
    const result = server.call(job, () => end.promise, signal);
    result.catch(() => {});
    return { ...end, result };
  };
  const fail = () =>
    rejects(
      server.call("a", () => Promise.reject(REFUSED), signal),
      REFUSED,
    );

  it("makes calls in their order, as many at once as it may", async () => {
    const first = callUntil("a");
    const second = callUntil("b");
    second.resolve("2");
    let done = false;
    void second.result.then(() => {
      done = true;
    });
    await turn();
    equal(done, false);
    first.resolve("1");
    deepEqual([await first.result, await second.result], ["1", "2"]);
  });

  it("lets nobody wait once the server is away, neither who waited nor who comes", async () => {
    const first = callUntil("a");
    const waiting = callUntil("b");
    first.reject(REFUSED);
    await rejects(first.result, REFUSED);
    await rejects(waiting.result, REFUSED);
    clock.advance(1);
    let asked = false;
    const ask = async () => {
      asked = true;
    };
    await rejects(server.call("c", ask, signal), REFUSED);
    deepEqual([asked, changes], [false, ["refused"]]);
  });

  it("finds out by itself that the server is back, and says so", async () => {
    await fail();
    equal(probes, 0);
    clock.advance(A_MINUTE);
    await turn();
    deepEqual([probes, server.outage, changes], [1, null, ["refused", null]]);
    equal(await server.call("b", async () => "well", signal), "well");
  });

  it("asks again and again while it is not, never twice at once", async () => {
    const { promise, reject } = Promise.withResolvers();
    probe = () => promise;
    await fail();
    clock.advance(10 * A_MINUTE);
    equal(probes, 1);
    await rejects(
      server.call("b", async () => "never", signal),
      REFUSED,
    );
    reject(REFUSED);
    await turn();
    clock.advance(A_MINUTE);
    equal(probes, 2);
  });

  it("gives the place of a call that is abandoned to the next", async () => {
    const first = callUntil("a");
    const leaving = new AbortController();
    const abandoned = server.call("b", async () => "asked", leaving.signal);
    const next = callUntil("c");
    leaving.abort(new Error("late"));
    await rejects(abandoned, /late/);
    next.resolve("3");
    first.resolve("1");
    equal(await next.result, "3");
  });

  it("does not blame the server for what is abandoned", async () => {
    for (const job of ["a", "b", "c"]) {
      const leaving = new AbortController();
      const call = server.call(
        job,
        () => {
          leaving.abort(new Error("late"));
          return Promise.reject(new ServerError("AI_TIMEOUT", "late"));
        },
        leaving.signal,
      );
      await rejects(call);
    }
    equal(server.outage, null);
  });

  it("ends calls when it closes, and takes no more", async () => {
    const waiting = server.call(
      "a",
      (own) => new Promise((_, end) => own.addEventListener("abort", () => end(own.reason))),
      signal,
    );
    await turn();
    server.close();
    await rejects(waiting, /closed/);
    await rejects(
      server.call("b", async () => "asked", signal),
      /closed/,
    );
  });
});
