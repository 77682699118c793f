import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { EventRecord } from "../../../lib/domain/event.ts";
import { NO_COSTS } from "../../../lib/store/costs.ts";
import { eventually } from "../../support/eventually.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { ask, Judging } from "./judging.ts";
import { RunningSite } from "./running-site.ts";

const HOUR_MS = 60 * 60_000;

describe("the commands for verdicts", () => {
  let judging: Judging;

  beforeEach(async () => {
    judging = await Judging.start(new RunningSite(undefined, { timeZone: "UTC" }));
  });

  afterEach(async () => {
    await judging.close();
    removeTempFolders();
  });

  describe("compare", () => {
    it("holds a node's scores against those of each node that judged the same batches", async () => {
      const [own, one, other] = [judging.node(), judging.node("one"), judging.node("other")];
      for (const [n, scores] of [
        [10, 20, null],
        [50, 90, 50],
        [30, null, null],
      ].entries()) {
        for (const [index, score] of scores.entries()) {
          if (score === null) continue;
          judging.score(score);
          await judging.judge([own, one, other][index] ?? own, judging.batch(n));
        }
      }
      const { node, comparisons } = await ask(own, "compare");
      equal(node, "analyze");
      deepEqual(
        Array.from(Object(comparisons), ({ with: name, count, mean, mean_absolute_difference, same_level }) => ({
          name,
          count,
          mean,
          mean_absolute_difference,
          same_level,
        })),
        [
          { name: "one", count: 2, mean: { own: 30, other: 55 }, mean_absolute_difference: 25, same_level: 1 },
          { name: "other", count: 1, mean: { own: 50, other: 50 }, mean_absolute_difference: 0, same_level: 1 },
        ],
      );
      const mirrored = Object((await ask(one, "compare", { with: "analyze" })).comparisons);
      deepEqual(mirrored.length, 1);
      deepEqual(mirrored[0].mean, { own: 55, other: 30 });
      deepEqual(
        [mirrored[0].differ_most[0].batch_id, mirrored[0].differ_most[0].difference, mirrored[0].levels.critical],
        ["ba_1", -40, { own: 1, other: 0 }],
      );
    });

    it("looks at what was judged in the last days, a week unless told otherwise", async () => {
      const [own, other] = [judging.node(), judging.node("other")];
      for (const rig of [own, other]) await judging.judge(rig, judging.batch(1));
      judging.running.clock.advance(6 * 24 * HOUR_MS);
      const count = async (payload?: object) => Object((await ask(own, "compare", payload)).comparisons).length;
      equal(await count(), 1);
      equal(await count({ days: 5 }), 0);
      judging.running.clock.advance(2 * 24 * HOUR_MS);
      equal(await count(), 0);
      equal(await count({ days: 9 }), 1);
    });

    it("leaves out what no model has judged", async () => {
      const [own, rules] = [judging.node(), judging.node("rules", { client: null })];
      for (const rig of [own, rules]) await judging.judge(rig, judging.batch(1));
      deepEqual((await ask(own, "compare")).comparisons, []);
    });

    it("says with which nodes it can compare where it cannot with the one it is told", async () => {
      const [own, other] = [judging.node(), judging.node("other")];
      for (const rig of [own, other]) await judging.judge(rig, judging.batch(1));
      await rejects(ask(own, "compare", { with: "nobody" }), ({ code, message }) => {
        match(message, /"nobody".*: other$/);
        return code === "NOTHING_TO_COMPARE";
      });
      await rejects(ask(own, "compare", { days: 0 }), { code: "BAD_PAYLOAD" });
    });
  });

  describe("costs", () => {
    it("are summed by day on the site's clock and by camera, the newest day first, and are the node's own", async () => {
      const [rig, other] = [judging.node(), judging.node("other")];
      const first = await judging.judge(rig, judging.batch(1));
      judging.running.clock.advance(24 * HOUR_MS);
      const second = await judging.judge(rig, judging.batch(2));
      const third = await judging.judge(rig, judging.batch(3, { camera_id: "yard" }));
      await judging.judge(other, judging.batch(3, { camera_id: "yard" }));

      const { days, time_zone } = await ask(rig, "costs", { days: 3 });
      equal(time_zone, "UTC");
      const sums = (...events: EventRecord[]) => {
        const sum = (of: (event: EventRecord) => number | null) =>
          events.reduce((total, event) => total + (of(event) ?? 0), 0);
        return {
          analyses: events.length,
          prompt_tokens: sum((event) => event.prompt_tokens),
          completion_tokens: sum((event) => event.completion_tokens),
          cached_tokens: sum((event) => event.cached_tokens),
          model_seconds: sum((event) => event.latency_ms) / 1000,
        };
      };
      deepEqual(days, [
        {
          date: "2026-11-21",
          ...sums(second, third),
          cameras: [
            { camera_id: "porch", ...sums(second) },
            { camera_id: "yard", ...sums(third) },
          ],
        },
        { date: "2026-11-20", ...sums(first), cameras: [{ camera_id: "porch", ...sums(first) }] },
        { date: "2026-11-19", ...NO_COSTS, cameras: [] },
      ]);
      equal(Object((await ask(rig, "costs")).days).length, 7);
      await rejects(ask(rig, "costs", { days: 1.5 }), { code: "BAD_PAYLOAD" });
    });

    it("of an event are those of all its judgements, the unusable ones included", async () => {
      const rig = judging.node();
      const event = await judging.judge(rig, judging.batch(1));
      judging.llm.answer("No idea.");
      await rig.put({ _msgid: "again", payload: event.event_id });
      await eventually(() => rig.ended.length === 2, "the end");
      const { costs } = await ask(rig, "verdicts", event.event_id);
      const { analyses, prompt_tokens } = Object(costs);
      equal(analyses, 2);
      ok(prompt_tokens > (event.prompt_tokens ?? 0));
    });
  });
});
