/** From an alert to a phone and back, with real nodes and a Home Assistant that behaves, and misbehaves, as the real one. */
import assert from "node:assert/strict";
import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { Alert } from "../../lib/domain/alert.ts";
import type { FlowMessage } from "../../lib/domain/message.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import {
  type HomeAssistantServer,
  type NotifyCall,
  startHomeAssistantServer,
  TOKEN,
} from "../support/home-assistant-server.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

describe("notifications", function () {
  this.timeout(20_000);
  let folder: string;
  let server: HomeAssistantServer;
  let flow: Flow | null = null;

  beforeEach(async () => {
    folder = tempFolder();
    server = await startHomeAssistantServer();
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await server.close();
  });
  after(removeTempFolders);

  const nodes = (changes: Record<string, Partial<NodeConfig>> = {}): NodeConfig[] =>
    [
      { id: "site", type: "vigil-site", dataDir: join(folder, "data"), timeZone: "UTC", homeAssistant: "ha" },
      {
        id: "alert",
        type: "risk-alert",
        site: "site",
        targets: "notify.mobile_app_phone",
        wires: [["alerts"], ["suppressed"], ["answers"]],
      },
      { id: "ha", type: "vigil-home-assistant", url: server.url },
      ...["alerts", "suppressed", "answers", "caught"].map((id) => ({ id, type: "helper" })),
      { id: "catch", type: "catch", scope: null, wires: [["caught"]] },
    ].map((node) => ({ ...node, ...changes[node.id] }));
  const start = async (changes: Record<string, Partial<NodeConfig>> = {}, token = TOKEN) => {
    flow = await startFlow(nodes(changes), { ha: { token } });
    return flow;
  };
  const shows = (id: string, text: string) =>
    eventually(() => flow?.statuses(id).at(-1)?.endsWith(`status.${text}`), `the status ${text} of ${id}`);
  const calls = (count: number) =>
    eventually(() => server.calls.length >= count && server.calls, `${count} calls of notify`);
  const press = (kind: string, eventId: string, camera = "porch", site = "home") =>
    server.fire("mobile_app_notification_action", { action: `VIGIL|${kind}|${site}|${camera}|${eventId}` });

  it("reach a phone, with the same content as the alert's output", async () => {
    await start();
    await shows("ha", "connected");
    flow?.send("alert", { payload: event({ risk_score: 70 }) });
    const [call] = await calls(1);
    const alert = Alert.parse((await flow?.inbox("alerts").next())?.payload);
    assert.deepEqual(call, { service: "mobile_app_phone", data: alert.notification });
    assert.equal(alert.notification?.title, "Porch: high risk");
    assert.ok(!("image" in alert.notification.data), "without MQTT there is no entity that shows it");
    flow?.send("alert", { payload: event({ event_id: "ev_2", risk_score: 20 }) });
    assert.equal(Alert.parse((await flow?.inbox("suppressed").next())?.payload).notification, undefined);
    await shows("alert", "ready");
    assert.equal(server.calls.length, 1);
  });

  it("are silent where a later revision is no worse, loud where it is, and take back what does not alert any more", async () => {
    await start();
    const loudness: unknown[] = [];
    for (const [revision, risk_score] of [70, 65, 90, 10, 12, 95].entries()) {
      flow?.send("alert", { payload: event({ revision: revision + 1, risk_score }) });
      loudness.push(loudnessOf((await calls(revision + 1))[revision]));
    }
    assert.deepEqual(loudness, ["time-sensitive", "passive", "time-sensitive", "passive", "passive", "time-sensitive"]);
    const tags = new Set(server.calls.map(({ data }) => (data.data as { tag: string }).tag));
    assert.equal(tags.size, 1);
  });

  it("wait for a Home Assistant that is away, over a restart, and then tell the newest", async () => {
    server.misbehave("forbidden");
    await start();
    await shows("ha", "unreachable");
    flow?.send("alert", { payload: event({ risk_score: 70 }) });
    flow?.send("alert", { payload: event({ risk_score: 64, revision: 2, summary: "The postman." }) });
    await shows("alert", "homeAssistantAway");
    await flow?.stop();
    await start();
    server.misbehave(null);
    const [first, second] = await calls(2);
    // The first word on it is still loud; what it says is what is known by now.
    assert.equal(loudnessOf(first), "time-sensitive");
    assert.equal(loudnessOf(second), "passive");
    assert.match(String(second?.data.message), /The postman/);
    await shows("alert", "ready");
    assert.equal(server.calls.length, 2);
  });

  it("are tried again where they fail, and are a dead letter where the target is not there", async () => {
    server.misbehave("hangup");
    await start({ alert: { targets: "nobody, mobile_app_phone" } });
    flow?.send("alert", { payload: event({ risk_score: 70 }) });
    await calls(1);
    server.misbehave(null);
    await eventually(() => server.calls.some(({ service }) => service === "mobile_app_phone"), "the phone's");
    assert.match(faultOf(await flow?.inbox("caught").next()).message, /Service notify.nobody not found/);
    await shows("alert", "deadLetters");
    server.services.add("nobody");
    flow?.send("alert", { command: "replay", payload: "all" });
    await eventually(() => server.calls.at(-1)?.service === "nobody", "the replayed one");
    await shows("alert", "ready");
  });

  it("come without a sound where they come late", async () => {
    const ended_at = new Date(Date.now() - 14.99 * 60_000).toISOString();
    server.misbehave("forbidden");
    await start();
    flow?.send("alert", { payload: event({ risk_score: 70, ended_at }) });
    await flow?.inbox("alerts").next();
    const db = new Database(join(folder, "data", "vigil.db"));
    // As if it had waited for a minute.
    const age = "json_set(msg, '$.payload.event.ended_at', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-16 minutes'))";
    db.prepare(`UPDATE work SET msg = ${age} WHERE state = 'queued'`).run();
    db.close();
    await flow?.stop();
    server.misbehave(null);
    await start();
    assert.equal(loudnessOf((await calls(1))[0]), "passive");
  });

  it("show the camera's picture, where MQTT brings it to Home Assistant", async () => {
    await start({ site: { site: "my-home", mqttUrl: "mqtt://127.0.0.1:1" } });
    flow?.send("alert", { payload: event({ risk_score: 70, picture_path: "/pictures/ev_1.jpg" }) });
    const [call] = await calls(1);
    const { image } = z.object({ image: z.string() }).parse(call?.data.data);
    assert.equal(image, "/api/image_proxy/image.vigil_my_home_porch_last_alert");
  });

  it("ring on muted phones where that is wanted", async () => {
    await start({ alert: { critical: true } });
    flow?.send("alert", { payload: event({ risk_score: 90 }) });
    assert.equal(loudnessOf((await calls(1))[0]), "critical");
  });

  it("need a Home Assistant", async () => {
    await start({ site: { homeAssistant: "" } });
    assert.ok(flow?.log.some((line) => /^alert error: The targets to notify need a vigil-home-assistant/.test(line)));
    flow?.send("alert", { payload: event({ risk_score: 70 }) });
    assert.equal(faultOf(await flow?.inbox("caught").next()).code, "NO_HOME_ASSISTANT");
    await flow?.deploy(nodes({ site: { homeAssistant: "" }, alert: { targets: "" } }), "nodes");
    flow?.send("alert", { payload: event({ risk_score: 71, event_id: "ev_2" }) });
    await flow?.inbox("alerts").next();
  });

  it("go on with another token after a deploy", async () => {
    await start({}, "expired");
    await shows("ha", "tokenRefused");
    assert.ok(flow?.log.some((line) => /^ha error: .*refuses the access token/.test(line)));
    flow?.send("alert", { payload: event({ risk_score: 70 }) });
    await shows("alert", "homeAssistantAway");
    server.token = "expired";
    // Any change makes the node anew.
    await flow?.deploy(nodes({ ha: { name: "house" } }), "nodes");
    await calls(1);
    await shows("alert", "ready");
  });

  it("are not sent to a target that the form has lost", async () => {
    server.misbehave("forbidden");
    await start();
    flow?.send("alert", { payload: event({ risk_score: 70 }) });
    await shows("alert", "homeAssistantAway");
    await flow?.deploy(nodes({ alert: { targets: "" } }), "nodes");
    await shows("alert", "ready");
    server.misbehave(null);
    await shows("ha", "connected");
    assert.deepEqual(server.calls, []);
  });

  it("say what was done once a button is pressed, and nothing where it cannot be one of ours", async () => {
    await start();
    flow?.send("alert", { payload: event({ risk_score: 70 }) });
    await calls(1);
    press("snooze", "ev_1", "porch", "elsewhere");
    press("snooze", "ev_1", "yard");
    press("snooze", "ev_unheard_of");
    press("false_alarm", "ev_1");
    await calls(2);
    assert.equal(flow?.log.filter((line) => /names no event of this site/.test(line)).length, 2);
    press("snooze", "ev_1");
    await calls(3);
    assert.deepEqual(
      server.calls.map(({ data }) => String(data.message).replace(/\d\d:\d\d/, "…")),
      ["Score 70: A person.", "✓ Kept as a false alarm", "✓ porch is snoozed until …"],
    );
  });

  it("say what is wrong with the settings, and with none that they are missing", async () => {
    await start({ ha: { url: "homeassistant.local" } });
    assert.ok(flow?.log.some((line) => /^ha error: Home Assistant's URL must be like/.test(line)));
    assert.match(flow?.statuses("ha").join() ?? "", /status.refusing/);
    await flow?.deploy(nodes({ ha: { url: "" } }), "nodes");
    await shows("ha", "noAddress");
  });
});

const Loud = z.object({ data: z.object({ push: z.object({ "interruption-level": z.string() }) }) });

function loudnessOf(call: NotifyCall | undefined): string {
  return Loud.parse(call?.data).data.push["interruption-level"];
}

/** What a Catch node has heard. */
function faultOf(message: FlowMessage | undefined): { message: string; code: string } {
  return z.object({ message: z.string(), code: z.string() }).parse(message?.error);
}

/** An event from elsewhere; the level follows from the score as by default. */
function event(changes: { risk_score: number; [field: string]: unknown }) {
  const now = new Date().toISOString();
  const { risk_score } = changes;
  const risk_level = risk_score > 84 ? "critical" : risk_score > 59 ? "high" : risk_score > 29 ? "medium" : "low";
  return {
    event_id: "ev_1",
    batch_id: "ba_1",
    camera_id: "porch",
    camera_name: "Porch",
    started_at: now,
    ended_at: now,
    revision: 1,
    final: true,
    risk_level,
    analysis: "model",
    summary: "A person.",
    reasoning: "Because.",
    recommended_action: null,
    labels: ["person"],
    detection_count: 1,
    fast_path: false,
    thumbnail_path: null,
    model: "m",
    prompt_version: "p",
    reviewed: false,
    created_at: now,
    detections: [],
    ...changes,
  };
}
