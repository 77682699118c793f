import { deepEqual } from "node:assert/strict";
import type { MqttPacket } from "../../../lib/domain/mqtt-packet.ts";
import { EntityStates } from "../../../lib/site/entity-states.ts";
import { costFacts } from "../../../lib/site/site-facts.ts";
import { NO_COSTS } from "../../../lib/store/costs.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { eventsOf, type JudgeRig, Judging } from "./judging.ts";
import { RunningSite } from "./running-site.ts";

/** At first it is 13:00 there. */
const SETTINGS = { timeZone: "Europe/Berlin" };
const HOUR_MS = 3_600_000;

describe("the states of what models took today", () => {
  let judging: Judging;
  let owner: AbortController;
  let states: EntityStates;
  let published: MqttPacket[];

  const start = async (before?: RunningSite) => {
    judging = await Judging.start(new RunningSite(before, SETTINGS));
    owner = new AbortController();
    published = [];
    states = new EntityStates(judging.running.site, owner.signal, (packets) => published.push(...packets));
    published.push(...states.ofHub(), ...states.ofCamera("porch"), ...states.ofCamera("yard"));
  };
  const stop = async () => {
    owner.abort();
    await judging.close();
  };

  beforeEach(() => start());
  afterEach(stop);
  after(removeTempFolders);

  const shown = (place: string) =>
    ["analyses_today", "tokens_today"].map((key) =>
      Number(published.findLast(({ topic }) => topic === `vigil/home/${place}/${key}`)?.payload),
    );
  const tokensOf = (rig: JudgeRig) =>
    eventsOf(rig).map(({ prompt_tokens, completion_tokens }) => (prompt_tokens ?? 0) + (completion_tokens ?? 0));

  it("are those of each camera and of all, over all nodes, without estimates", async () => {
    const [rig, trial] = [judging.node(), judging.node("trial")];
    await judging.judge(rig, judging.batch(1));
    await judging.judge(rig, judging.batch(2, { camera_id: "yard" }));
    await judging.judge(trial, judging.batch(1));
    await judging.judge(judging.node("rules", { client: null }), judging.batch(1));
    await judging.running.pass(3);
    const [porch = 0, yard = 0] = tokensOf(rig);
    const [again = 0] = tokensOf(trial);
    deepEqual(
      [shown("hub"), shown("camera/porch"), shown("camera/yard")],
      [
        [3, porch + yard + again],
        [2, porch + again],
        [1, yard],
      ],
    );
  });

  it("begin anew at midnight on the site's clock, though nothing happens", async () => {
    const rig = judging.node();
    await judging.judge(rig, judging.batch(1));
    const all = () => [shown("hub"), shown("camera/porch")];
    const [tokens = 0] = tokensOf(rig);
    judging.running.clock.advance(10.98 * HOUR_MS);
    deepEqual(all(), [
      [1, tokens],
      [1, tokens],
    ]);
    judging.running.clock.advance(0.05 * HOUR_MS);
    deepEqual(all(), [
      [0, 0],
      [0, 0],
    ]);
  });

  it("are the same after a restart", async () => {
    const rig = judging.node();
    await judging.judge(rig, judging.batch(1));
    await stop();
    await start(judging.running);
    deepEqual(shown("camera/porch"), [1, tokensOf(rig)[0]]);
  });

  it("say that nobody knows the tokens where no server counts them, and that there are none where there were none", () => {
    deepEqual(costFacts({ ...NO_COSTS, analyses: 2, model_seconds: 4.6 }), {
      analyses_today: 2,
      tokens_today: null,
      model_time_today: 5,
    });
    deepEqual(costFacts(NO_COSTS), { analyses_today: 0, tokens_today: 0, model_time_today: 0 });
    deepEqual(costFacts({ ...NO_COSTS, analyses: 1, prompt_tokens: 7 }).tokens_today, 7);
  });
});
