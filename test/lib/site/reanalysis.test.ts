import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import type { EventRecord } from "../../../lib/domain/event.ts";
import { VerdictRecord } from "../../../lib/domain/verdict.ts";
import { AlertNotifier } from "../../../lib/site/alert-notifier.ts";
import { alertingStage } from "../../../lib/site/alerting.ts";
import { WebhookNotifier } from "../../../lib/site/webhook-notifier.ts";
import { DATABASE_FILE } from "../../../lib/store/store.ts";
import { eventually } from "../../support/eventually.ts";
import { violations } from "../../support/invariants.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { policyFrom } from "../alert/fixtures.ts";
import { ask, eventsOf, type JudgeRig, Judging } from "./judging.ts";
import { RunningSite } from "./running-site.ts";

describe("an event that is judged again", () => {
  let judging: Judging;

  beforeEach(async () => {
    judging = await Judging.start();
  });

  afterEach(async () => {
    const { folder } = judging.running;
    await judging.close();
    const wrong = violations(join(folder, DATABASE_FILE));
    // There is no broker.
    deepEqual(
      wrong.filter(({ what }) => !what.includes("published")),
      [],
    );
    removeTempFolders();
  });

  let asked = 0;
  const again = (rig: JudgeRig, payload: unknown) => rig.put({ _msgid: `again ${++asked}`, payload });
  const ended = (rig: JudgeRig, count: number) => eventually(() => rig.ended.length === count, `${count} ended jobs`);
  const verdictsOf = async (rig: JudgeRig, eventId: string) => {
    const { verdicts } = await ask(rig, "verdicts", eventId);
    return VerdictRecord.array().parse(verdicts);
  };
  const errorOf = ({ ended: ends }: JudgeRig) => Object(ends.at(-1));

  it("gets the next revision, and its first verdict is kept", async () => {
    const rig = judging.node();
    judging.score(20);
    const first = await judging.judge(rig, judging.batch(1));
    judging.score(70);
    judging.running.clock.advance(60_000);
    await again(rig, first.event_id);
    await ended(rig, 2);
    const { started_at, ...second } = eventsOf(rig).at(-1) ?? first;
    deepEqual(
      [second.event_id, second.revision, second.final, second.risk_score, second.risk_level, started_at],
      [first.event_id, 2, true, 70, "high", first.started_at],
    );
    const kept = await verdictsOf(rig, first.event_id);
    deepEqual(
      kept.map(({ revision, risk_score, created_at }) => [revision, risk_score, created_at]),
      [
        [1, 20, first.created_at],
        [2, 70, new Date(Date.parse(first.created_at) + 60_000).toISOString()],
      ],
    );
  });

  for (const [what, payloadOf] of [
    ["its id", ({ event_id }: EventRecord) => ` ${event_id}\n`],
    ["an object with its id", ({ event_id }: EventRecord) => ({ event_id })],
    ["the event itself", (event: EventRecord) => event],
  ] as const) {
    it(`may be named by ${what}`, async () => {
      const rig = judging.node();
      await again(rig, payloadOf(await judging.judge(rig, judging.batch(1))));
      await ended(rig, 2);
      equal(eventsOf(rig).at(-1)?.revision, 2);
    });
  }

  it("is judged on what the first verdict was judged on, and on the node's prompt of today", async () => {
    const first = judging.node("analyze", { household: "Anna lives here." });
    const context = { zones: [{ zone: "gate" }], weather: "rain" };
    const event = await judging.judge(first, judging.batch(1, { context, merged: ["ba_0"] }));
    const other = judging.node("other", { household: "Ben lives here." });
    await again(other, event.event_id);
    await ended(other, 1);
    const [read = "", readAgain = ""] = judging.llm.requests.map(({ prompt }) => prompt);
    match(read, /gate/);
    equal(readAgain, read.replaceAll("Anna", "Ben"));
    const [message] = other.sent;
    deepEqual([Object(message?.payload).context, Object(message?.payload).merged], [context, ["ba_0"]]);
  });

  it("becomes an event of the node's own where another node made it, and both are kept side by side", async () => {
    const [own, trial] = [judging.node(), judging.node("trial")];
    judging.score(20);
    const event = await judging.judge(own, judging.batch(1));
    judging.score(60);
    await again(trial, event.event_id);
    await ended(trial, 1);
    const [second] = eventsOf(trial);
    ok(second && second.event_id !== event.event_id);
    equal(second.revision, 1);
    deepEqual(judging.running.site.store.events.get(event.event_id), event);
    const kept = await verdictsOf(own, second.event_id);
    deepEqual(
      kept.map(({ node_id, risk_score }) => [node_id, risk_score]),
      [
        ["analyze", 20],
        ["trial", 60],
      ],
    );
  });

  it("keeps its verdict where the new answer cannot be used, and what that took", async () => {
    const rig = judging.node();
    judging.score(20);
    const event = await judging.judge(rig, judging.batch(1));
    judging.llm.answer("No idea.");
    await again(rig, event.event_id);
    await ended(rig, 2);
    match(errorOf(rig).message, /verdict|JSON|answer/i);
    equal(eventsOf(rig).length, 1);
    deepEqual(judging.running.site.store.events.get(event.event_id), event);
    const [, failed] = await verdictsOf(rig, event.event_id);
    deepEqual([failed?.revision, failed?.analysis, (failed?.prompt_tokens ?? 0) > 0], [null, "none", true]);
    deepEqual((await ask(rig, "list")).dead_letters, [
      { ...Object(Object((await ask(rig, "list")).dead_letters)[0]), subject_id: event.event_id },
    ]);
  });

  it("is one job however often it is asked for while it waits, and another when it is asked for later", async () => {
    const rig = judging.node();
    const event = await judging.judge(rig, judging.batch(1));
    judging.llm.misbehave(503);
    for (let n = 0; n < 3; n++) await again(rig, event.event_id);
    equal(rig.node.load.depth, 1);
    judging.llm.misbehave(null);
    await eventually(async () => {
      await judging.running.pass(10);
      return rig.node.load.depth === 0;
    }, "the second verdict");
    equal(eventsOf(rig).at(-1)?.revision, 2);
    const before = rig.ended.length;
    await again(rig, event.event_id);
    await ended(rig, before + 1);
    equal(eventsOf(rig).at(-1)?.revision, 3);
  });

  it("is judged after a restart, without an estimate while the model is away", async () => {
    const rig = judging.node("analyze", { estimate: "always" });
    const event = await judging.judge(rig, judging.batch(1));
    judging.llm.misbehave(503);
    const sent = rig.sent.length;
    await again(rig, event.event_id);
    await eventually(() => rig.node.load.waitingFor, "the failure");
    equal(rig.sent.length, sent);
    const before = judging.running;
    await judging.close();
    judging = await Judging.start(new RunningSite(before));
    judging.score(33);
    const next = judging.node();
    await eventually(async () => {
      await judging.running.pass(1);
      return judging.running.site.store.events.get(event.event_id)?.risk_score === 33;
    }, "the second verdict");
    // What nobody has taken of before the restart is sent again.
    deepEqual(eventsOf(next).at(-1)?.revision, event.revision + 1);
  });

  it("waits behind batches, and is not merged with them", async () => {
    const rig = judging.node();
    const event = await judging.judge(rig, judging.batch(1));
    const answer = Promise.withResolvers<object>();
    judging.llm.answer(() => answer.promise);
    await rig.put({ _msgid: "busy", payload: judging.batch(2) });
    await again(rig, event.event_id);
    for (const n of [3, 4]) await rig.put({ _msgid: `waiting ${n}`, payload: judging.batch(n) });
    answer.resolve({ reasoning: "r", summary: "s", risk_score: 20 });
    await ended(rig, 5);
    deepEqual(
      eventsOf(rig).map(({ batch_id }) => batch_id),
      ["ba_1", "ba_2", "ba_3", "ba_1"],
    );
  });

  it("must be one that the store knows", async () => {
    const rig = judging.node();
    await again(rig, "ev_unknown");
    const { name, code, message } = errorOf(rig);
    deepEqual([name, code], ["InputError", "NO_SUCH_EVENT"]);
    match(message, /"ev_unknown"/);
    await rejects(ask(rig, "verdicts", "ev_unknown"), { code: "NO_SUCH_EVENT" });
    for (const [payload, expected] of [
      [{ event_id: 7 }, "BAD_PAYLOAD"],
      ["", "NO_SUCH_EVENT"],
    ] as const) {
      await again(rig, payload);
      equal(errorOf(rig).code, expected);
    }
  });

  it("must be one that was judged here, and needs a model", async () => {
    const rig = judging.node();
    const event = await judging.judge(rig, judging.batch(1));
    const elsewhere = { ...event, event_id: "ev_else", batch_id: "ba_else" };
    judging.running.site.store.transaction((tables) => {
      tables.batches.adoptOf({ ...elsewhere, detections: [] }, 0);
      tables.events.adopt(elsewhere);
    });
    await again(rig, "ev_else");
    equal(errorOf(rig).code, "BATCH_NOT_KEPT");
    const rules = judging.node("rules", { client: null });
    await again(rules, event.event_id);
    equal(errorOf(rules).code, "NO_MODEL");
  });

  it("alerts nobody again once it is history, and does not lose that it has alerted", async () => {
    const rig = judging.node();
    const alerts = judging.running.start("alert", "risk-alert", (workspace) => {
      const { nodeId, site } = workspace;
      const notifier = new AlertNotifier({ workspace, channels: [], publish: false, critical: false });
      const webhook = new WebhookNotifier({ workspace, webhook: null });
      const told = { channels: [], publish: false, notifier, webhook, calibrationLimit: null };
      return { stage: alertingStage({ site, nodeId, policy: policyFrom(60), ...told }) };
    });
    const store = () => judging.running.site.store;
    const pass = async (score: number) => {
      judging.score(score);
      const before = rig.ended.length;
      await again(rig, eventsOf(rig)[0]?.event_id);
      await ended(rig, before + 1);
      const message = rig.sent.at(-1);
      await alerts.put({ _msgid: `event ${before}`, payload: message?.payload });
      return alerts.sent.length;
    };
    judging.score(70);
    const event = await judging.judge(rig, judging.batch(1));
    await alerts.put({ _msgid: "event", payload: rig.sent[0]?.payload });
    equal(alerts.sent.length, 1);
    equal(await pass(80), 2, "while it is news, a later revision alerts too");
    judging.running.clock.advance(60 * 60_000);
    equal(await pass(90), 2);
    const decided = () => store().decisions.get(event.event_id, "alert")?.outcome;
    equal(decided(), "alert");
    equal(await pass(10), 2);
    equal(decided(), "suppressed", "of an event that is harmless after all");
    equal(event.event_id, eventsOf(rig).at(-1)?.event_id);
  });
});
