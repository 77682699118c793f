import assert from "node:assert/strict";
import { SecurityEvent } from "../../../lib/domain/event.ts";
import { HomeAssistant } from "../../../lib/homeassistant/home-assistant.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import { AlertNotifier } from "../../../lib/site/alert-notifier.ts";
import { alertingStage } from "../../../lib/site/alerting.ts";
import { WebhookNotifier } from "../../../lib/site/webhook-notifier.ts";
import { eventually } from "../../support/eventually.ts";
import { type HomeAssistantServer, startHomeAssistantServer, TOKEN } from "../../support/home-assistant-server.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { policyFrom } from "../alert/fixtures.ts";
import { RunningSite } from "./running-site.ts";

describe("a notification", () => {
  let server: HomeAssistantServer;
  let homeAssistant: HomeAssistant;
  let running: RunningSite;

  beforeEach(async () => {
    server = await startHomeAssistantServer();
    for (const name of ["phone", "tablet", "garage"]) server.services.add(name);
    homeAssistant = new HomeAssistant({
      socketUrl: `${server.url.replace("http", "ws")}/api/websocket`,
      name: "house",
      token: TOKEN,
      verify: true,
      entities: [],
      dashboard: "/security/cameras",
      clock: systemClock,
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    });
    running = new RunningSite(undefined, {}, homeAssistant);
  });
  afterEach(async () => {
    await running.close();
    await homeAssistant.close();
    await server.close();
  });
  after(removeTempFolders);

  /** A node that alerts from a score on, and notifies. */
  function start(id: string, minScore: number, targets: readonly string[]) {
    return running.start<SecurityEvent>(id, "risk-alert", (workspace) => {
      const channels = targets.map((target) => ({ kind: "notify", target }) as const);
      const notifier = new AlertNotifier({ workspace, channels, publish: true, critical: false });
      const { site, nodeId } = workspace;
      return {
        stage: alertingStage({
          site,
          nodeId,
          policy: policyFrom(minScore),
          channels,
          publish: true,
          notifier,
          webhook: new WebhookNotifier({ workspace, webhook: null }),
          calibrationLimit: null,
        }),
        errands: notifier.errands,
        close: () => notifier.close(),
      };
    });
  }
  const event = (changes: Partial<SecurityEvent> = {}): SecurityEvent =>
    SecurityEvent.parse({
      event_id: "ev_1",
      batch_id: "ba_1",
      camera_id: "porch",
      camera_name: "Porch",
      started_at: new Date(running.clock.now()).toISOString(),
      ended_at: new Date(running.clock.now()).toISOString(),
      revision: 1,
      final: true,
      risk_score: 70,
      risk_level: "high",
      analysis: "model",
      summary: "A person.",
      reasoning: "",
      recommended_action: null,
      labels: ["person"],
      detection_count: 1,
      fast_path: false,
      thumbnail_path: null,
      model: null,
      prompt_version: null,
      reviewed: false,
      created_at: new Date(running.clock.now()).toISOString(),
      detections: [],
      ...changes,
    });
  const press = (kind: string) =>
    server.fire("mobile_app_notification_action", { action: `VIGIL|${kind}|home|porch|ev_1`, device_id: "x" });
  const messages = () => server.calls.map(({ service, data }) => `${service}: ${data.message}`);
  const called = (count: number) => eventually(() => server.calls.length >= count, `${count} calls, not ${messages()}`);

  it("says on each phone that shows the event that a press has snoozed its camera", async () => {
    const both = start("house", 60, ["phone", "tablet"]);
    const garage = start("garage", 90, ["garage"]);
    await both.put({ payload: event() });
    await garage.put({ payload: event() });
    await called(2);
    press("snooze");
    await called(4);
    assert.equal(running.site.settings.ofCamera("porch").snoozed_until, "2026-11-20T12:30:00.000Z");
    const until = new Date("2026-11-20T12:30:00Z").toTimeString().slice(0, 5);
    assert.deepEqual(
      messages().slice(2),
      ["phone", "tablet"].map((target) => `${target}: ✓ porch is snoozed until ${until}`),
    );
    const [first, , last] = server.calls.map(({ data }) => data.data as Record<string, unknown>);
    assert.deepEqual([last?.tag, last?.alert_once, last?.actions], [first?.tag, true, undefined]);
    assert.equal(last?.url, "/security/cameras");
    await both.put({ payload: event({ event_id: "ev_2", batch_id: "ba_2" }) });
    assert.equal(both.sent.length, 1);
  });

  it("says that a false alarm was kept, of its own event alone", async () => {
    const node = start("house", 60, ["phone"]);
    await node.put({ payload: event() });
    await node.put({ payload: event({ event_id: "ev_2", batch_id: "ba_2" }) });
    press("false_alarm");
    await called(3);
    assert.equal(messages()[2], "phone: ✓ Kept as a false alarm");
    const { feedback } = running.site.store;
    assert.deepEqual([feedback.of("ev_1")?.kind, feedback.of("ev_2")], ["false_alarm", null]);
  });

  it("says so also where its event does not alert any more", async () => {
    const node = start("house", 60, ["phone"]);
    await node.put({ payload: event() });
    await node.put({ payload: event({ revision: 2, risk_score: 10, risk_level: "low" }) });
    await called(2);
    press("false_alarm");
    await called(3);
    assert.deepEqual(messages(), [
      "phone: Score 70: A person.",
      "phone: Score 10: A person.",
      "phone: ✓ Kept as a false alarm",
    ]);
  });

  it("brings nothing up to date where its camera was snoozed while Home Assistant was away", async () => {
    const node = start("house", 60, ["phone"]);
    await node.put({ payload: event() });
    await called(1);
    server.misbehave("forbidden");
    server.drop();
    await eventually(() => homeAssistant.state !== "connected", "the connection to be lost");
    await node.put({ payload: event({ revision: 2, summary: "A postman." }) });
    running.site.settings.snoozeCamera("porch");
    await node.put({ payload: event({ event_id: "ev_2", batch_id: "ba_2", camera_id: "yard", camera_name: "Yard" }) });
    server.misbehave(null);
    await called(2);
    assert.deepEqual(messages(), ["phone: Score 70: A person.", "phone: Score 70: A person."]);
    assert.match(String(server.calls[1]?.data.title), /Yard/);
  });
});
