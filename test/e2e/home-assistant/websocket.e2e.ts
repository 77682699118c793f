/** Our connection to a real Home Assistant, with a phone: who is at home, a notification, and the buttons on it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { SecurityEvent } from "../../../lib/domain/event.ts";
import { resolveHomeAssistant } from "../../../lib/homeassistant/address.ts";
import { HomeAssistant as Client } from "../../../lib/homeassistant/home-assistant.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import { AlertNotifier } from "../../../lib/site/alert-notifier.ts";
import { alertingStage } from "../../../lib/site/alerting.ts";
import { PICTURES } from "../../../lib/site/site.ts";
import { WebhookNotifier } from "../../../lib/site/webhook-notifier.ts";
import { policyFrom } from "../../lib/alert/fixtures.ts";
import { RunningSite } from "../../lib/site/running-site.ts";
import { eventually } from "../../support/eventually.ts";
import { type Broker, startBroker } from "../../support/mosquitto.ts";
import { scene } from "../../support/pictures.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { HomeAssistant } from "./home-assistant.ts";
import { addMqtt } from "./onboarding.ts";
import { Phone } from "./phone.ts";
import { VERSIONS } from "./versions.ts";

/** The longest that the client waits between two tries, and a little. */
const RECONNECT_MS = 30_000;

for (const version of VERSIONS) {
  describe(`the connection to Home Assistant ${version.homeAssistant}`, function () {
    this.timeout(3 * 60_000);
    let homeAssistant: HomeAssistant;
    let broker: Broker;
    let phone: Phone;
    let client: Client;
    let log: string[];
    let running: RunningSite | null = null;

    before(async function () {
      // It may have to be installed first.
      this.timeout(30 * 60_000);
      homeAssistant = await HomeAssistant.start(version);
      broker = await startBroker();
      await addMqtt(homeAssistant.url, homeAssistant.token, broker.port);
      phone = await Phone.register(homeAssistant);
    });
    after(async () => {
      await homeAssistant?.stop();
      await Promise.all([phone?.close(), broker?.stop()]);
      removeTempFolders();
    });
    beforeEach(() => {
      log = [];
    });
    afterEach(async () => {
      await running?.close();
      running = null;
      await client.close();
    });

    function open(changes: { token?: string; entities?: readonly string[] } = {}): Client {
      const { url, token } = homeAssistant;
      const address = resolveHomeAssistant({ url, token: changes.token ?? token, supervisorToken: undefined });
      assert.ok(address);
      const say = (text: string) => log.push(text);
      client = new Client({
        ...address,
        verify: true,
        entities: changes.entities ?? [],
        dashboard: "/lovelace",
        clock: systemClock,
        logger: { debug: say, info: say, warn: say, error: say },
      });
      return client;
    }
    const connected = () => client.untilConnected(AbortSignal.timeout(RECONNECT_MS));
    const arriveAt = (location_name: string) => phone.report("update_location", { location_name });

    it("knows who is at home, and a chosen entity, as they change", async () => {
      await arriveAt("home");
      await setState(homeAssistant, "binary_sensor.front_door", "off", {
        device_class: "door",
        friendly_name: "Front door",
      });
      open({ entities: ["binary_sensor.front_door"] });
      await eventually(() => client.household()?.at_home?.[0] === "Owner", "somebody at home", 20_000);
      assert.deepEqual(client.household()?.away, []);
      assert.deepEqual(client.household()?.entities, { "Front door": "closed" });
      await arriveAt("Office");
      await eventually(() => client.household()?.away?.[0] === "Owner", "nobody at home");
      await setState(homeAssistant, "binary_sensor.front_door", "on", {
        device_class: "door",
        friendly_name: "Front door",
      });
      await eventually(() => client.household()?.entities?.["Front door"] === "open", "the open door");
    });

    it("says that a token is refused", async () => {
      open({ token: "not.a.token" });
      await eventually(() => client.state === "refused", "the refusal");
      assert.match(log.join("\n"), /refuses the access token/);
    });

    it("says what cannot be sent, and why", async () => {
      open();
      await connected();
      const hello = { title: "t", message: "m", data: {} };
      await assert.rejects(client.notify("mobile_app_nobody", hello, AbortSignal.timeout(10_000)), {
        code: "HA_REFUSED",
        message: /not.found/i,
      });
    });

    it("brings an alert to a phone, does what is pressed there, and confirms it in its place", async () => {
      const { site, put } = startAlerting(open());
      const before = phone.pushes.length;
      await put(70);
      const alert = await eventually(() => phone.pushes[before], "the push", 20_000);
      assert.deepEqual(
        [alert.title, alert.message, alert.push_token],
        ["Porch: high risk", "Score 70: A person.", "the-phone"],
      );
      const [view, snooze, falseAlarm] = alert.data.actions;
      assert.equal(view?.action, "URI");
      assert.ok(snooze && falseAlarm);
      await phone.press(snooze.action, { tag: alert.data.tag });
      const confirmation = await eventually(() => phone.pushes[before + 1], "the confirmation");
      assert.match(confirmation.message, /^✓ porch is snoozed until \d\d:\d\d$/);
      assert.equal(confirmation.data.tag, alert.data.tag);
      await homeAssistantEvent(homeAssistant, "mobile_app_notification_action", { action: falseAlarm.action });
      await eventually(() => site.store.feedback.of("ev_1")?.kind === "false_alarm", "the second press");
    });

    it("brings a picture that the phone can fetch", async () => {
      const { site, put } = startAlerting(open(), broker.url);
      await connected();
      await eventually(async () => {
        // It waits by its own clock for what the broker keeps.
        running?.clock.advance(100);
        return isThere(homeAssistant, "binary_sensor.vigil_home_running");
      }, "the hub in Home Assistant");
      const picture = site.file(PICTURES, "ev_1.jpg");
      await site.writeFile(picture, await scene());
      const before = phone.pushes.length;
      await put(70, { picture_path: picture });
      const alert = await eventually(() => phone.pushes[before], "the push", 20_000);
      const { image } = z.object({ image: z.string() }).parse(alert.data);
      const fetched = await eventually(async () => {
        // By the same clock it waits until Home Assistant knows the camera.
        running?.clock.advance(100);
        const reply = await get(homeAssistant, image);
        return reply.ok && Buffer.from(await reply.arrayBuffer());
      }, `the picture ${image}`);
      assert.deepEqual(fetched, readFileSync(picture));
    });

    it("tells after a restart of Home Assistant what happened meanwhile", async () => {
      const { put } = startAlerting(open());
      await connected();
      const before = phone.pushes.length;
      await homeAssistant.stop();
      await eventually(() => client.state === "unreachable", "the end of the connection");
      assert.equal(client.household(), null);
      await put(70);
      await homeAssistant.restart();
      await eventually(() => phone.pushes.length > before, "the push", RECONNECT_MS);
      await arriveAt("home");
      await eventually(() => client.household()?.at_home?.[0] === "Owner", "who is at home");
    });

    /** A site with a `risk-alert` that notifies the phone. */
    function startAlerting(client: Client, mqttUrl = "") {
      running = new RunningSite(undefined, { mqttUrl }, client);
      const { site, clock } = running;
      const { put } = running.start<SecurityEvent>("alert", "risk-alert", (workspace) => {
        const channels = [{ kind: "notify", target: "mobile_app_pixel_8" }] as const;
        const notifier = new AlertNotifier({ workspace, channels, publish: true, critical: false });
        return {
          stage: alertingStage({
            site,
            nodeId: workspace.nodeId,
            policy: policyFrom(60),
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
      const now = () => new Date(clock.now()).toISOString();
      const alert = (score: number, changes: Partial<SecurityEvent> = {}) =>
        put({ payload: { ...event(score, now()), ...changes } });
      return { site, put: alert };
    }
  });
}

async function setState({ url, token }: HomeAssistant, entityId: string, state: string, attributes: object) {
  await post(`${url}/api/states/${entityId}`, { state, attributes }, token);
}

async function homeAssistantEvent({ url, token }: HomeAssistant, type: string, data: object) {
  await post(`${url}/api/events/${type}`, data, token);
}

async function isThere(homeAssistant: HomeAssistant, entityId: string): Promise<boolean> {
  return (await get(homeAssistant, `/api/states/${entityId}`)).ok;
}

/** As the companion app does. */
async function get({ url, token }: HomeAssistant, path: string): Promise<Response> {
  return fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
}

async function post(url: string, body: object, token?: string): Promise<Response> {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}

function event(risk_score: number, now: string): SecurityEvent {
  return SecurityEvent.parse({
    event_id: "ev_1",
    batch_id: "ba_1",
    camera_id: "porch",
    camera_name: "Porch",
    started_at: now,
    ended_at: now,
    revision: 1,
    final: true,
    risk_score,
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
    created_at: now,
    detections: [],
  });
}
