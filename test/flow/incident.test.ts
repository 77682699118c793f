/** A burst on several cameras, from their pictures to the phone and back: one alert, one notification, and the reasons. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Alert } from "../../lib/domain/alert.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { type HomeAssistantServer, startHomeAssistantServer, TOKEN } from "../support/home-assistant-server.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { scene } from "../support/pictures.ts";
import { rowsIn } from "../support/rows.ts";
import { type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PERSON = { class: "person", confidence: 0.87, bbox: { x: 100, y: 40, width: 60, height: 120 } };

const Shown = z.object({
  tag: z.string(),
  alert_once: z.boolean().default(false),
  actions: z.array(z.object({ action: z.string(), title: z.string() })).default([]),
});

describe("an incident", function () {
  this.timeout(60_000);
  let folder: string;
  let broker: Broker;
  let subscriber: Subscriber;
  let detector: DetectorServer;
  let server: HomeAssistantServer;
  let flow: Flow;
  let pictures = 0;

  before(async () => {
    folder = tempFolder();
    broker = await startBroker();
    subscriber = await subscribe(broker.url, "#");
    detector = await startDetectorServer();
    detector.answer([PERSON]);
    server = await startHomeAssistantServer();
    for (const camera of ["Porch", "Yard", "Drive", "Gate"]) {
      mkdirSync(join(folder, "cameras", camera), { recursive: true });
    }
    const site = "site";
    flow = await startFlow(
      [
        {
          id: "site",
          type: "vigil-site",
          dataDir: join(folder, "data"),
          mqttUrl: broker.url,
          timeZone: "UTC",
          homeAssistant: "ha",
        },
        { id: "ha", type: "vigil-home-assistant", url: server.url },
        { id: "watch", type: "foscam-watch", site, folder: join(folder, "cameras"), wires: [["detect"], [], []] },
        { id: "detect", type: "detect", site, url: detector.url, wires: [["batch"], [], []] },
        { id: "batch", type: "batch-window", site, idle: "0", wires: [["enrich"], []] },
        { id: "enrich", type: "enrich", site, wires: [["analyze"], []] },
        // No model: rules judge.
        { id: "analyze", type: "nemotron-analyze", site, wires: [["alert"], []] },
        {
          id: "alert",
          type: "risk-alert",
          site,
          rules: [
            { name: "Cars", labels: ["vehicle"] },
            { name: "People", labels: ["person"], severity: "high" },
          ],
          targets: "mobile_app_phone",
          wires: [["alerts"], ["suppressed"], []],
        },
        { id: "alerts", type: "helper" },
        { id: "suppressed", type: "helper" },
      ],
      { ha: { token: TOKEN } },
    );
  });
  after(async () => {
    await flow?.stop();
    await subscriber?.close();
    await Promise.all([broker?.stop(), detector?.close(), server?.close()]);
    removeTempFolders();
  });

  const upload = async (camera: string) => {
    pictures += 1;
    const bytes = await scene({ x: 100 + pictures, y: 40, width: 60, height: 120 });
    writeFileSync(join(folder, "cameras", camera, `${pictures}.jpg`), bytes);
  };
  const shown = () => server.calls.map(({ data }) => Shown.parse(data.data));
  const rows = (sql: string) => rowsIn(join(folder, "data"), sql);
  const fired = () => subscriber.messages.filter(({ topic }) => /^vigil\/home\/camera\/\w+\/alert$/.test(topic)).length;
  const state = (camera: string, key: string) =>
    subscriber.messages.findLast(({ topic }) => topic === `vigil/home/camera/${camera}/${key}`)?.payload.toString();

  it("on three cameras is one alert and one notification, brought up to date twice", async () => {
    await Promise.all(["Porch", "Yard", "Drive"].map(upload));
    await eventually(() => server.calls.length >= 3, "what the phone shows", 30_000);
    const alerts = flow.inbox("alerts").messages.map(({ payload }) => Alert.parse(payload));
    assert.deepEqual(alerts.map(({ camera_id }) => camera_id).sort(), ["drive", "porch", "yard"]);
    assert.equal(new Set(alerts.map(({ alert_id }) => alert_id)).size, 1);
    assert.deepEqual(
      alerts.map(({ update_count }) => update_count),
      [0, 1, 2],
    );
    assert.equal(new Set(shown().map(({ tag }) => tag)).size, 1);
    assert.deepEqual(
      shown().map(({ alert_once }) => alert_once),
      [false, true, true],
    );
    await eventually(
      () => rows("SELECT 1 FROM alerts WHERE state = 'delivered' AND update_count = 2").length === 1,
      "the alert to be delivered",
    );
    assert.equal(rows("SELECT 1 FROM alerts").length, 1);
    await eventually(() => fired() > 0, "the alert entity");
  });

  it("is silent once its notification's snooze button is pressed, and says why", async () => {
    const snooze = shown()
      .at(-1)
      ?.actions.find(({ title }) => /^Snooze/.test(title));
    assert.ok(snooze);
    server.fire("mobile_app_notification_action", { action: snooze.action });
    await eventually(() => server.calls.length === 4, "the answer to the press");
    assert.match(String(server.calls[3]?.data.message), /^✓ \w+ is snoozed until/);
    await upload("Gate");
    const { payload } = await flow.inbox("suppressed").next();
    const decision = Alert.parse(payload);
    assert.deepEqual([decision.camera_id, decision.outcome, decision.rule], ["gate", "suppressed", "People"]);
    const failed = decision.conditions.filter(({ passed }) => !passed);
    assert.deepEqual(
      failed.map(({ name }) => name),
      ["snooze"],
    );
    assert.ok((failed[0]?.left_s ?? 0) > 29 * 60);
    assert.deepEqual(
      decision.rules.map(({ name, passed }) => [name, passed]),
      [
        ["Cars", false],
        ["People", true],
      ],
    );
    await eventually(() => state("gate", "last_decision"), "the reason in Home Assistant");
    assert.match(state("gate", "last_decision") ?? "", /^Rule "People" holds, but snooze is snoozed until/);
    assert.deepEqual(JSON.parse(state("gate", "last_decision/attributes") ?? "").rules, decision.rules);
    assert.deepEqual(rows("SELECT reason FROM decisions WHERE camera_id = 'gate'"), [{ reason: decision.reason }]);
    assert.equal(server.calls.length, 4);
    assert.equal(fired(), 1, "Home Assistant's automations hear of the incident once");
  });
});
