import { deepEqual, equal, ok } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { ServerGate } from "../../../../lib/resilience/server-gate.ts";
import type { Result } from "../../../../lib/store/job.ts";
import { removeStores } from "../support.ts";
import { AWAY, Bench, NOTHING, type Rig } from "./bench.ts";

describe("WorkQueue: order", () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(removeStores);

  const put = ({ queue }: Rig, cameraId: string, payloads: readonly unknown[], priority = 0) => {
    for (const payload of payloads) queue.receive(bench.delivery({ payload }, { cameraId, priority }));
  };
  const numbered = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}${n}`);

  it("lets cameras take turns, each with its oldest first", async () => {
    const rig = bench.rig(async () => NOTHING);
    put(rig, "yard", numbered("yard", 3));
    put(rig, "porch", numbered("porch", 2));
    put(rig, "attic", numbered("attic", 1));
    rig.queue.start();
    await turn();
    deepEqual(rig.begun, ["attic0", "porch0", "yard0", "porch1", "yard1", "yard2"]);
  });

  it("serves a quiet camera within two turns, though another has a thousand waiting", async () => {
    let gate = Promise.withResolvers<Result>();
    const rig = bench.rig(() => {
      gate = Promise.withResolvers();
      return gate.promise;
    });
    put(rig, "chatty", numbered("chatty", 1_000));
    rig.queue.start();
    for (let n = 0; n < 3; n++) {
      await turn();
      gate.resolve(NOTHING);
    }
    await turn();
    put(rig, "quiet", ["quiet"]);
    equal(rig.begun.length, 4);
    for (let n = 0; n < 2; n++) {
      gate.resolve(NOTHING);
      await turn();
    }
    ok(rig.begun.includes("quiet"), rig.begun.slice(4).join(", "));
  });

  it("puts urgent jobs before the turns of the cameras", async () => {
    const rig = bench.rig(async () => NOTHING);
    put(rig, "yard", ["yard live"]);
    put(rig, "porch", ["porch live"]);
    put(rig, "yard", ["yard urgent 1", "yard urgent 2"], 1);
    put(rig, "attic", ["attic backlog"], -1);
    rig.queue.start();
    await turn();
    deepEqual(rig.begun, ["yard urgent 1", "yard urgent 2", "porch live", "yard live", "attic backlog"]);
  });

  it("does not let a job that must wait hold up its camera's turn", async () => {
    const rig = bench.rig(async ({ message }) => {
      if (message.payload === "yard0" && rig.begun.length === 1) throw AWAY;
      return NOTHING;
    });
    put(rig, "yard", numbered("yard", 2));
    rig.queue.start();
    await turn();
    deepEqual(rig.begun, ["yard0", "yard1"]);
    bench.clock.advance(1_000);
    await turn();
    deepEqual(rig.begun, ["yard0", "yard1", "yard0"]);
  });

  it("shares a server between nodes: so many at once, by turns", async () => {
    const gates: PromiseWithResolvers<Result>[] = [];
    const gate = new ServerGate(bench.clock);
    const work = () => {
      const result = Promise.withResolvers<Result>();
      gates.push(result);
      return result.promise;
    };
    const one = bench.started(work, { nodeId: "one", gate, concurrency: 4 });
    const other = bench.started(work, { nodeId: "other", gate, concurrency: 2 });
    put(one, "yard", numbered("one", 4));
    put(other, "yard", numbered("other", 2));
    await turn();
    deepEqual([one.begun, other.begun], [["one0", "one1"], []]);
    gates[0]?.resolve(NOTHING);
    await turn();
    deepEqual([one.begun, other.begun], [["one0", "one1"], ["other0"]]);
    gates[1]?.resolve(NOTHING);
    gates[2]?.resolve(NOTHING);
    await turn();
    equal(gates.length, 5);
    deepEqual(other.begun, ["other0", "other1"]);
    await Promise.all([one, other].map(({ queue }) => [queue.close(), gates.map(({ resolve }) => resolve(NOTHING))]));
  });
});
