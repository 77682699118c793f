import { deepEqual, equal, match } from "node:assert/strict";
import type { AnalysisOptions } from "../../../lib/site/analysis.ts";
import { eventually } from "../../support/eventually.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { eventsOf, type JudgeRig, Judging } from "./judging.ts";
import { RunningSite } from "./running-site.ts";

const MINUTE_MS = 60_000;

describe("a batch whose model is away for longer than the batch may wait", () => {
  let judging: Judging;

  beforeEach(async () => {
    judging = await Judging.start();
    judging.llm.misbehave(503);
  });

  afterEach(async () => {
    await judging.close();
    removeTempFolders();
  });

  const start = (estimate: AnalysisOptions["estimate"]) =>
    judging.node("analyze", { estimate, waitMs: 30 * MINUTE_MS });
  const put = async (rig: JudgeRig, payload: unknown = judging.batch(1)) => {
    await rig.put({ _msgid: "m1", payload });
    await eventually(() => rig.node.load.waitingFor, "the failure");
  };
  /** Lets minutes pass in which the model is asked in vain. */
  const wait = (minutes: number) => judging.running.pass(minutes * 60);
  const ends = (rig: JudgeRig, count = 1) =>
    eventually(async () => {
      await judging.running.pass(1);
      return rig.ended.length === count;
    }, "the end of the job");
  const told = (rig: JudgeRig) =>
    eventsOf(rig).map(({ revision, final, analysis, risk_score }) => [revision, final, analysis, risk_score]);

  for (const estimate of ["always", "away"] as const) {
    it(`is closed by its estimate (${estimate})`, async () => {
      const rig = start(estimate);
      await put(rig);
      await wait(29);
      deepEqual(told(rig), [[1, false, "rules", 0]]);
      equal(rig.ended.length, 0);
      await ends(rig);
      deepEqual(told(rig), [
        [1, false, "rules", 0],
        [2, true, "rules", 0],
      ]);
      match(eventsOf(rig)[1]?.reasoning ?? "", /^The model did not answer within 30 min\. No model has judged this\./);
      deepEqual(rig.ended, [undefined]);
    });
  }

  it("is closed unjudged where no estimate is wanted", async () => {
    const rig = start("never");
    await put(rig);
    await wait(29);
    deepEqual(rig.sent, []);
    await ends(rig);
    deepEqual(told(rig), [[1, true, "none", null]]);
    equal(eventsOf(rig)[0]?.reasoning, "The model did not answer within 30 min.");
    deepEqual(rig.ended, [undefined]);
  });

  it("is closed at its time after a restart too, and can be judged again when the model is back", async () => {
    await put(start("away"));
    await wait(20);
    const before = judging.running;
    await judging.close();
    judging = await Judging.start(new RunningSite(before));
    judging.llm.misbehave(503);
    const rig = start("away");
    await eventually(() => rig.node.load.waitingFor, "the failure");
    await wait(9);
    deepEqual(eventsOf(rig).at(-1)?.final, false);
    const closed = await eventually(async () => {
      await wait(0.1);
      return eventsOf(rig).find(({ final }) => final);
    }, "the end of the job");
    deepEqual([closed.revision, closed.analysis], [2, "rules"]);

    judging.llm.misbehave(null);
    judging.score(40);
    await rig.put({ _msgid: "again", payload: closed.event_id });
    await eventually(async () => {
      await judging.running.pass(1);
      return eventsOf(rig).at(-1)?.analysis === "model";
    }, "the verdict");
    deepEqual(told(rig).at(-1), [3, true, "model", 40]);
  });

  it("keeps the verdict that it has where it was to be judged again", async () => {
    judging.llm.misbehave(null);
    const rig = start("always");
    const event = await judging.judge(rig, judging.batch(1));
    judging.llm.misbehave(503);
    await put(rig, event.event_id);
    const sent = rig.sent.length;
    await wait(29);
    await ends(rig, 2);
    equal(Object(rig.ended.at(-1)).code, "LLM_WAIT_LIMIT");
    equal(rig.node.load.dead, 1);
    equal(rig.sent.length, sent);
    deepEqual(judging.running.site.store.events.get(event.event_id), event);
  });

  it("waits without an end where there is no limit", async () => {
    const rig = judging.node("analyze", { estimate: "away" });
    await put(rig);
    await wait(120);
    deepEqual(told(rig), [[1, false, "rules", 0]]);
  });
});
