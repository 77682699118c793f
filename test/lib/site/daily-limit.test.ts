import { deepEqual, equal, match } from "node:assert/strict";
import { EventRecord } from "../../../lib/domain/event.ts";
import { eventually } from "../../support/eventually.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { eventsOf, type JudgeRig, Judging } from "./judging.ts";
import { RunningSite } from "./running-site.ts";

/** At first it is 13:00 there. */
const SETTINGS = { timeZone: "Europe/Berlin" };
const HOUR_MS = 60 * 60_000;

describe("a daily limit of analyses", () => {
  let judging: Judging;

  beforeEach(async () => {
    judging = await Judging.start(new RunningSite(undefined, SETTINGS));
  });

  afterEach(async () => {
    await judging.close();
    removeTempFolders();
  });

  const restart = async () => {
    const before = judging.running;
    await judging.close();
    judging = await Judging.start(new RunningSite(before, SETTINGS));
  };
  let count = 0;
  const judge = (rig: JudgeRig) => judging.judge(rig, judging.batch(++count));
  const judges = async (rig: JudgeRig, times: number) => {
    const analyses: string[] = [];
    for (let n = 0; n < times; n++) analyses.push((await judge(rig)).analysis);
    return analyses;
  };

  it("has rules judge for good once it is reached, which the event and the log say, once a day", async () => {
    const rig = judging.node("analyze", { dailyLimit: 2, estimate: "always" });
    deepEqual(await judges(rig, 3), ["model", "model", "rules"]);
    const event = await judge(rig);
    deepEqual([event.analysis, event.final, event.revision], ["rules", true, 1]);
    match(
      event.reasoning,
      /^The daily limit of 2 analyses is reached, and the model judges again from 00:00\. No model/,
    );
    equal(judging.llm.requests.length, 2);
    const warned = judging.running.warnings.filter((text) => text.includes("daily limit"));
    deepEqual(warned, [
      "The daily limit of 2 analyses is reached, and the model judges again from 00:00. Until then rules estimate.",
    ]);
  });

  it("ends at midnight on the site's clock", async () => {
    const rig = judging.node("analyze", { dailyLimit: 1 });
    deepEqual(await judges(rig, 2), ["model", "rules"]);
    judging.running.clock.advance(10.9 * HOUR_MS);
    deepEqual(await judges(rig, 1), ["rules"]);
    judging.running.clock.advance(0.2 * HOUR_MS);
    deepEqual(await judges(rig, 2), ["model", "rules"]);
    equal(judging.running.warnings.filter((text) => text.includes("daily limit")).length, 2);
  });

  it("holds over a restart", async () => {
    deepEqual(await judges(judging.node("analyze", { dailyLimit: 2 }), 1), ["model"]);
    await restart();
    deepEqual(await judges(judging.node("analyze", { dailyLimit: 2 }), 2), ["model", "rules"]);
  });

  it("is each node's own", async () => {
    const [rig, trial] = [judging.node("analyze", { dailyLimit: 1 }), judging.node("trial", { dailyLimit: 1 })];
    deepEqual(
      [await judges(rig, 2), await judges(trial, 2)],
      [
        ["model", "rules"],
        ["model", "rules"],
      ],
    );
  });

  it("is kept by many at once", async () => {
    const answer = Promise.withResolvers<object>();
    judging.llm.answer(() => answer.promise);
    const rig = judging.node("analyze", { dailyLimit: 3, concurrency: 8 });
    for (let n = 1; n <= 8; n++) {
      await rig.put({ _msgid: `m${n}`, payload: judging.batch(n, { camera_id: `camera_${n}` }) });
    }
    await eventually(() => judging.llm.requests.length === 3 && rig.ended.length === 5, "the requests");
    answer.resolve({ reasoning: "r", summary: "s", risk_score: 20 });
    await eventually(() => rig.ended.length === 8, "the verdicts");
    equal(eventsOf(rig).filter(({ analysis }) => analysis === "model").length, 3);
  });

  it("counts answers that could not be used, and requests that got none not", async () => {
    const rig = judging.node("analyze", { dailyLimit: 1 });
    judging.llm.misbehave(503);
    await rig.put({ _msgid: "away", payload: judging.batch(++count) });
    await eventually(() => rig.node.load.waitingFor, "the failure");
    judging.llm.misbehave(null);
    judging.llm.answer("No idea.");
    await eventually(async () => {
      await judging.running.pass(1);
      return rig.ended.length === 1;
    }, "the end");
    equal(eventsOf(rig)[0]?.analysis, "none");
    deepEqual(await judges(rig, 1), ["rules"]);
  });

  it("keeps a model's verdict: nothing is judged again beyond it", async () => {
    const rig = judging.node("analyze", { dailyLimit: 1 });
    const event = await judge(rig);
    await rig.put({ _msgid: "again", payload: event.event_id });
    equal(Object(rig.ended.at(-1)).code, "DAILY_LIMIT");
    await rig.put({ _msgid: "the same batch", payload: judging.batch(count) });
    await eventually(() => rig.ended.length === 3, "the end");
    deepEqual(judging.running.site.store.events.get(event.event_id), EventRecord.parse(event));
  });
});
