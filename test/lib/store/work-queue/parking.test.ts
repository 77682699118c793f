import { deepEqual, equal } from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { ServerError, ToolError } from "../../../../lib/resilience/errors.ts";
import { ServerGate } from "../../../../lib/resilience/server-gate.ts";
import type { Job, Result } from "../../../../lib/store/job.ts";
import { enterHanded, ROOT, removeStores, uploadOf } from "../support.ts";
import { Bench, NODE, NOTHING, type Rig, UPLOAD } from "./bench.ts";

const MISSING = new ToolError("FFMPEG_MISSING", "ffmpeg is not installed");
const REFUSED = new ServerError("REFUSED", "Nobody listens", { unreachable: true });

describe("WorkQueue: a program that is missing", () => {
  let bench: Bench;
  let isThere: boolean;

  beforeEach(() => {
    bench = new Bench();
    isThere = false;
  });

  afterEach(removeStores);

  const work = async ({ message }: Job): Promise<Result> => {
    if (String(message.payload).startsWith("clip") && !isThere) throw MISSING;
    return NOTHING;
  };
  const put = ({ queue }: Rig, ...payloads: string[]) => {
    for (const payload of payloads) queue.receive(bench.delivery({ _msgid: payload, payload }, { subject: UPLOAD }));
  };
  const pass = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed++) {
      bench.clock.advance(1_000);
      for (let n = 0; n < 5; n++) await turn();
    }
  };
  const clips = (count: number) => Array.from({ length: count }, (_, n) => `clip ${n}`);
  const ends = () => bench.ended.map(([payload, error]) => error ?? payload);

  it("lets the jobs that need it wait, and all others through", async () => {
    const rig = bench.started(work);
    put(rig, ...clips(3), "still 1", "clip 3", "still 2");
    await pass(1);
    deepEqual(ends(), ["still 1", "still 2"]);
    deepEqual([rig.queue.depth, rig.queue.parked, rig.queue.dead, rig.queue.waitingFor], [4, 4, 0, null]);
    deepEqual(rig.missing, [MISSING]);
  });

  it("counts nothing against a job, however long that takes, nor against the server", async () => {
    const gate = new ServerGate(bench.clock);
    const rig = bench.started(work, { gate });
    put(rig, "clip");
    for (let hour = 0; hour < 3; hour++) {
      put(rig, `still ${hour}`);
      await pass(3_600);
    }
    deepEqual(bench.jobs("state, attempts, faults, code")[0], {
      state: "queued",
      attempts: 0,
      faults: 0,
      code: "FFMPEG_MISSING",
    });
    equal(gate.outage, null);
    equal(rig.missing.length, 1);
  });

  it("has one job of many look for it, every ten seconds, and does all once it is there", async () => {
    const rig = bench.started(work);
    put(rig, ...clips(50));
    await pass(1);
    equal(rig.begun.length, 50);
    for (let looks = 51; looks <= 56; looks++) {
      await pass(10);
      deepEqual([rig.begun.length, rig.queue.parked], [looks, 50]);
    }
    isThere = true;
    await pass(15);
    deepEqual(ends().sort(), clips(50).sort());
    deepEqual([rig.queue.depth, rig.queue.parked], [0, 0]);
    isThere = false;
    put(rig, "clip again");
    await pass(1);
    equal(rig.missing.length, 2);
  });

  it("does the others also where the job that found it then fails, or has to wait for its server", async () => {
    for (const failure of [new TypeError("a bug"), REFUSED]) {
      bench = new Bench();
      isThere = false;
      let isFirst = true;
      const rig = bench.started(async (job) => {
        const result = await work(job);
        if (!isFirst) return result;
        isFirst = false;
        throw failure;
      });
      put(rig, ...clips(3));
      await pass(5);
      isThere = true;
      await pass(60);
      equal(rig.queue.parked, 0);
      equal(bench.ended.length, 3);
    }
  });

  it("is no work that a watch has to wait for", async () => {
    enterHanded(bench.store, uploadOf(UPLOAD.id));
    const rig = bench.started(work);
    put(rig, ...clips(3));
    equal(bench.store.pressure.queued(ROOT, [NODE], 64), 3);
    await pass(1);
    equal(bench.store.pressure.queued(ROOT, [NODE], 64), 0);
  });

  it("is looked for at once after a restart, and what waited for it is done", async () => {
    const rig = bench.started(work);
    put(rig, ...clips(3));
    await pass(1);
    await rig.queue.close();
    bench.reopen();
    isThere = true;
    const next = bench.started(work);
    equal(next.queue.depth, 3);
    await pass(1);
    deepEqual(next.begun, clips(3));
    equal(next.queue.depth, 0);
  });

  it("is looked for no more once the node is closed", async () => {
    const rig = bench.started(work);
    put(rig, ...clips(3));
    await pass(1);
    await rig.queue.close();
    equal(bench.clock.pending, 0);
  });
});
