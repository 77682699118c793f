/** What Home Assistant sends to entities takes effect in the running flow, is published back, and outlasts a restart. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { Alert } from "../../lib/domain/alert.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { scene } from "../support/pictures.ts";
import { rowsIn } from "../support/rows.ts";
import { type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PERSON = { class: "person", confidence: 0.87, bbox: { x: 100, y: 40, width: 60, height: 120 } };
const BASE = "vigil/home";
const PORCH = `${BASE}/camera/porch`;

describe("entities that take commands", function () {
  this.timeout(30_000);
  let folder: string;
  let broker: Broker;
  let subscriber: Subscriber;
  let commands: MqttClient;
  let detector: DetectorServer;
  let flow: Flow | null = null;
  let pictures = 0;

  beforeEach(async () => {
    folder = tempFolder();
    broker = await startBroker();
    subscriber = await subscribe(broker.url, "#");
    commands = await connectAsync(broker.url);
    detector = await startDetectorServer();
    detector.answer([PERSON]);
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await Promise.all([subscriber.close(), commands.endAsync(true)]);
    await Promise.all([broker.stop(), detector.close()]);
  });
  after(removeTempFolders);

  const nodes = (): NodeConfig[] => [
    { id: "site", type: "vigil-site", dataDir: join(folder, "data"), mqttUrl: broker.url, timeZone: "UTC" },
    { id: "watch", type: "foscam-watch", site: "site", folder: join(folder, "cameras"), wires: [["detect"], [], []] },
    { id: "detect", type: "detect", site: "site", url: detector.url, wires: [["batch"], [], []] },
    { id: "batch", type: "batch-window", site: "site", idle: "0", wires: [["analyze"], []] },
    // No model: rules judge.
    { id: "analyze", type: "nemotron-analyze", site: "site", wires: [["alert"], []] },
    {
      id: "alert",
      type: "risk-alert",
      site: "site",
      rules: [{ name: "Any", events: "all", cooldown: 0 }],
      wires: [["alerts"], ["suppressed"], []],
    },
    { id: "alerts", type: "helper" },
    { id: "suppressed", type: "helper" },
  ];
  const start = async () => {
    flow = await startFlow(nodes());
    return flow;
  };
  const upload = async () => {
    pictures += 1;
    mkdirSync(join(folder, "cameras", "Porch"), { recursive: true });
    const bytes = await scene({ x: 100 + pictures, y: 40, width: 60, height: 120 });
    writeFileSync(join(folder, "cameras", "Porch", `${pictures}.jpg`), bytes);
  };
  const send = (topic: string, payload: string, retain = false) =>
    commands.publishAsync(topic, payload, { qos: 1, retain });
  /** The last state heard on a topic. */
  const state = (topic: string) =>
    subscriber.messages.findLast((message) => message.topic === topic)?.payload.toString();
  const becomes = (topic: string, payload: string) =>
    eventually(() => state(topic) === payload, `${topic} to be ${payload}`);
  const rows = (sql: string) => rowsIn(join(folder, "data"), sql);
  const uploadStates = () => rows("SELECT state FROM uploads ORDER BY received_at, upload_id");
  /** A flow that has had one alert. */
  const alerted = async () => {
    const running = await start();
    await upload();
    await running.inbox("alerts").next();
    await becomes(`${PORCH}/events_today`, "1");
    return running;
  };

  it("an alert shows its picture, then fires the alert entity, and the sensors tell of the event", async () => {
    await alerted();
    await eventually(() => state(`${PORCH}/alert`), "the alert");
    const order = subscriber.messages.map(({ topic }) => topic);
    assert.ok(order.lastIndexOf(`${PORCH}/last_alert`) < order.lastIndexOf(`${PORCH}/alert`));
    assert.ok(order.lastIndexOf(`${PORCH}/security`) < order.lastIndexOf(`${PORCH}/alert`));
    const alert = JSON.parse(state(`${PORCH}/alert`) ?? "");
    const security = JSON.parse(state(`${PORCH}/security`) ?? "");
    assert.equal(alert.event_id, security.event_id);
    assert.equal(alert.event_type, security.risk_level);
    assert.equal(state(`${PORCH}/risk_level`), security.risk_level);
    assert.equal(state(`${PORCH}/last_event`), security.started_at);
    assert.equal(state(`${PORCH}/online`), "ON");
    assert.equal(state(`${BASE}/hub/detector`), "ok");
    assert.equal(state(`${BASE}/hub/llm`), "unused");
    assert.equal(state(`${BASE}/hub/problem`), "OFF");
    await becomes(`${BASE}/hub/events_today`, "1");
    assert.match(state(`${BASE}/hub/storage_used`) ?? "", /^[0-9.]+$/);
  });

  it("with detection off uploads are skipped, and looked at again once it is on", async () => {
    const running = await alerted();
    await send(`${PORCH}/detection/set`, "OFF");
    await becomes(`${PORCH}/detection`, "OFF");
    await upload();
    await eventually(() => uploadStates().length === 2, "the upload");
    await eventually(() => rows("SELECT 1 FROM uploads WHERE state = 'skipped'").length === 1, "the skip");
    assert.equal(detector.requests.length, 1);
    await send(`${PORCH}/detection/set`, "ON");
    await becomes(`${PORCH}/detection`, "ON");
    await upload();
    await eventually(() => running.inbox("alerts").messages.length === 2, "the alert");
    assert.deepEqual(rows("SELECT what, count(*) AS n FROM account GROUP BY what ORDER BY what"), [
      { what: "inspected", n: 2 },
      { what: "skipped", n: 1 },
    ]);
  });

  const silencers: [string, string, string, string][] = [
    ["the camera's alerts switch", `${PORCH}/alerts`, "OFF", "switch"],
    ["the hub's alerts switch", `${BASE}/hub/alerts`, "OFF", "switch"],
    ["mode off", `${BASE}/hub/mode`, "off", "mode"],
    ["a high risk threshold", `${PORCH}/risk_threshold`, "100", "threshold"],
  ];
  for (const [what, topic, payload, condition] of silencers) {
    it(`${what} suppresses alerts, also after a restart`, async () => {
      let running = await alerted();
      await send(`${topic}/set`, payload);
      await becomes(topic, payload);
      await running.stop();
      running = await start();
      await upload();
      const { payload: alert } = await running.inbox("suppressed").next();
      const { conditions, rules } = Alert.parse(alert);
      const all = [...conditions, ...rules.flatMap((rule) => rule.conditions)];
      assert.deepEqual(
        all.filter(({ passed }) => !passed).map(({ name }) => name),
        [condition],
      );
      await eventually(() => state(`${PORCH}/last_decision`)?.includes(condition), "the reason");
      const kept = await subscribe(broker.url, topic);
      assert.equal((await kept.waitFor(() => true)).payload.toString(), payload);
      await kept.close();
    });
  }

  for (const [what, base] of [
    ["camera", PORCH],
    ["whole site", `${BASE}/hub`],
  ] as const) {
    it(`snoozes the ${what} for the minutes that were set, and ends it with 0 minutes`, async () => {
      const running = await alerted();
      await send(`${base}/snooze_minutes/set`, "45");
      await becomes(`${base}/snooze_minutes`, "45");
      const before = Date.now();
      await send(`${base}/snooze/set`, "PRESS");
      const until = Date.parse(await eventually(() => state(`${base}/snoozed_until`), "the end of the snooze"));
      assert.ok(until >= before + 45 * 60_000 && until <= Date.now() + 45 * 60_000);
      await upload();
      await running.inbox("suppressed").next();
      await send(`${base}/snooze_minutes/set`, "0");
      await becomes(`${base}/snooze_minutes`, "0");
      await send(`${base}/snooze/set`, "PRESS");
      await eventually(() => Date.parse(state(`${base}/snoozed_until`) ?? "") <= Date.now(), "the end of the snooze");
      await upload();
      await eventually(() => running.inbox("alerts").messages.length === 2, "the alert");
    });
  }

  it("keeps a false alarm for the last alert", async () => {
    await alerted();
    await send(`${PORCH}/false_alarm/set`, "PRESS");
    await eventually(() => rows("SELECT 1 FROM feedback").length === 1, "the feedback");
    assert.deepEqual(rows("SELECT f.kind, e.reviewed FROM feedback f JOIN events e USING(event_id)"), [
      { kind: "false_alarm", reviewed: 1 },
    ]);
  });

  it("shows why the last event alerted, and keeps what people answer to the alert", async () => {
    await alerted();
    assert.equal(await eventually(() => state(`${PORCH}/last_decision`), "the reason"), 'Rule "Any" holds');
    const { outcome, rules } = JSON.parse(state(`${PORCH}/last_decision/attributes`) ?? "");
    assert.deepEqual([outcome, rules[0].name, rules[0].passed], ["alert", "Any", true]);
    for (const [button, answer] of [
      ["acknowledge", "acknowledged"],
      ["dismiss", "dismissed"],
    ]) {
      await send(`${PORCH}/${button}/set`, "PRESS");
      await eventually(() => rows(`SELECT 1 FROM alerts WHERE state = '${answer}'`).length === 1, answer ?? "");
    }
  });

  it("refuses what no setting can be, and what the broker has kept, with a line in the log", async () => {
    const running = await alerted();
    await send(`${PORCH}/risk_threshold/set`, "500");
    await eventually(
      () => running.log.find((line) => /risk_threshold\/set was refused: it must be a number from 0 to 100/.test(line)),
      "the refusal",
    );
    assert.equal(state(`${PORCH}/risk_threshold`), "0");
    await running.stop();
    await send(`${PORCH}/alerts/set`, "OFF", true);
    const again = await start();
    await eventually(
      () => again.log.find((line) => /retained message on vigil\/home\/camera\/porch\/alerts\/set/.test(line)),
      "the warning",
    );
    assert.equal(state(`${PORCH}/alerts`), "ON");
  });
});
