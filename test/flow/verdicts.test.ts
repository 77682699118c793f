/** Judging again, trying out another model, and what it costs: in Node-RED, with a real broker. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { EventRecord } from "../../lib/domain/event.ts";
import { batch, detection } from "../lib/analyze/fixtures.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

describe("verdicts", function () {
  this.timeout(60_000);
  let llm: LlmServer;
  let broker: Broker;
  let subscriber: Subscriber;
  let flow: Flow;
  let nodes: (dailyLimit: string) => NodeConfig[];

  beforeEach(async () => {
    llm = await startLlmServer();
    broker = await startBroker();
    subscriber = await subscribe(broker.url, "#");
    const site = { id: "site", type: "vigil-site", site: "home", timeZone: "UTC", mqttUrl: broker.url };
    const judge = { type: "nemotron-analyze", site: "site", url: llm.url };
    const folder = join(tempFolder(), "data");
    nodes = (dailyLimit) => [
      { ...site, dataDir: folder },
      { ...judge, id: "analyze", dailyLimit, wires: [["events"], ["answers"]] },
      { ...judge, id: "trial", publish: false, household: "Nobody lives here.", wires: [["tried"], ["answers"]] },
      ...["events", "tried", "answers", "caught"].map((id) => ({ id, type: "helper" })),
      { id: "catch", type: "catch", scope: null, wires: [["caught"]] },
    ];
    flow = await startFlow(nodes(""));
  });
  afterEach(async () => {
    await flow.stop();
    await subscriber.close();
    await Promise.all([broker.stop(), llm.close()]);
  });
  after(removeTempFolders);

  let asked = 0;
  const ask = async (node: string, command: string, payload: unknown = ""): Promise<Record<string, unknown>> => {
    const ticket = ++asked;
    flow.send(node, { command, payload, ticket });
    const answer = await flow.inbox("answers").next((message) => message.ticket === ticket);
    return Object(answer.payload);
  };
  /** Sends a node something to judge with the model that scores so; the answer is the event. */
  const judge = async (node: string, payload: unknown, risk_score: number): Promise<EventRecord> => {
    const ticket = ++asked;
    llm.answer({ reasoning: "r", summary: `Scored ${risk_score}.`, risk_score, recommended_action: "" });
    flow.send(node, { payload, ticket });
    const inbox = flow.inbox(node === "trial" ? "tried" : "events");
    return EventRecord.parse((await inbox.next((message) => message.ticket === ticket)).payload);
  };
  const heard = (topic: string) =>
    subscriber.messages
      .filter((message) => message.topic === `vigil/home/${topic}`)
      .map(({ payload }) => String(payload));
  const published = () => heard("security_events").map((text) => EventRecord.parse(JSON.parse(text).data));
  const isPublished = (eventId: string, revision: number) =>
    eventually(
      () => published().find((event) => event.event_id === eventId && event.revision === revision),
      `revision ${revision} of ${eventId}`,
    );
  const at = (minute: number) => ({
    started_at: `2026-11-20T12:0${minute}:00.000Z`,
    ended_at: `2026-11-20T12:0${minute}:10.000Z`,
  });

  it("that are asked for again are published, and neither fire an event twice nor touch a newer event's state", async () => {
    const [older, newer] = [batch([detection()], at(0)), batch([detection()], { ...at(5), batch_id: "ba_newer" })];
    const first = await judge("analyze", older, 10);
    const second = await judge("analyze", newer, 20);
    await isPublished(second.event_id, 1);
    const camera = `camera/${first.camera_id}`;
    assert.deepEqual(heard(`${camera}/risk_score`), ["10", "20"]);

    await judge("analyze", first.event_id, 70);
    await isPublished(first.event_id, 2);
    await judge("analyze", { event_id: second.event_id }, 80);
    await isPublished(second.event_id, 2);

    assert.deepEqual(heard(`${camera}/risk_score`), ["10", "20", "80"]);
    assert.equal(heard(`${camera}/summary`).at(-1), "Scored 80.");
    assert.deepEqual(
      heard(`${camera}/security`).map((text) => JSON.parse(text).risk_score),
      [10, 20],
    );
    const { verdicts } = await ask("analyze", "verdicts", first.event_id);
    assert.deepEqual(
      Array.from(Object(verdicts), ({ revision, risk_score }) => [revision, risk_score]),
      [
        [1, 10],
        [2, 70],
      ],
    );
  });

  it("of a trial node are kept beside the first, compared, and not published", async () => {
    for (const [n, [own, tried]] of [
      [10, 40],
      [20, 30],
    ].entries()) {
      const payload = batch([detection()], { batch_id: `ba_${n}` });
      await judge("analyze", payload, own ?? 0);
      await judge("trial", payload, tried ?? 0);
    }
    const { comparisons } = await ask("analyze", "compare", { with: "trial" });
    const [{ with: other, count, mean, mean_absolute_difference }] = Object(comparisons);
    assert.deepEqual(
      { other, count, mean, mean_absolute_difference },
      {
        other: "trial",
        count: 2,
        mean: { own: 15, other: 35 },
        mean_absolute_difference: 20,
      },
    );
    // What the trial node had published would have gone before this.
    const last = await judge("analyze", batch([detection()], { batch_id: "ba_last" }), 50);
    await isPublished(last.event_id, 1);
    assert.deepEqual(
      published().map(({ risk_score }) => risk_score),
      [10, 20, 50],
    );
  });

  it("are left to rules beyond the daily limit, which the status says, also after a restart", async () => {
    const limited = "vigil-site:status.limited";
    await flow.deploy(nodes("1"), "nodes");
    assert.equal((await judge("analyze", batch([detection()]), 10)).analysis, "model");
    await eventually(() => flow.statuses("analyze").at(-1)?.endsWith(limited), "the status");
    const estimate = await judge("analyze", batch([detection()], { batch_id: "ba_2" }), 10);
    assert.deepEqual([estimate.analysis, estimate.final], ["rules", true]);
    assert.match(estimate.reasoning, /^The daily limit of 1 analyses is reached, .* from 00:00\./);
    await flow.stop();
    flow = await startFlow(nodes("1"));
    await eventually(() => flow.statuses("analyze").at(-1)?.endsWith(limited), "the status");
    assert.equal((await judge("trial", batch([detection()], { batch_id: "ba_2" }), 10)).analysis, "model");
  });

  it("on an event that nobody knows are an error for the Catch node", async () => {
    flow.send("analyze", { payload: "ev_unknown" });
    const { error } = await flow.inbox("caught").next();
    assert.match(JSON.stringify(error), /NO_SUCH_EVENT/);
  });
});
