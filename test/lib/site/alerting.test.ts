import assert from "node:assert/strict";
import type { AlertPolicy } from "../../../lib/alert/rule.ts";
import { Alert } from "../../../lib/domain/alert.ts";
import type { SecurityEvent } from "../../../lib/domain/event.ts";
import { DEFAULT_RISK_BANDS, riskLevel } from "../../../lib/domain/risk.ts";
import { alertCommands } from "../../../lib/site/alert-answers.ts";
import { AlertNotifier } from "../../../lib/site/alert-notifier.ts";
import { alertingStage } from "../../../lib/site/alerting.ts";
import { WebhookNotifier } from "../../../lib/site/webhook-notifier.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { eventWith, policyWith, ruleWith } from "../alert/fixtures.ts";
import { type Rig, RunningSite } from "./running-site.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

describe("risk-alert", () => {
  let running: RunningSite;
  let node: Rig<SecurityEvent>;
  let count: number;

  const open = (policy: Partial<AlertPolicy> = {}) => {
    node = running.start<SecurityEvent>("alert", "risk-alert", (workspace) => {
      const { site, nodeId } = workspace;
      const notifier = new AlertNotifier({ workspace, channels: [], publish: true, critical: false });
      const webhook = new WebhookNotifier({ workspace, webhook: null });
      const told = { channels: [], publish: true, notifier, webhook, calibrationLimit: null };
      const stage = alertingStage({ site, nodeId, policy: policyWith(policy), ...told });
      return { stage, errands: notifier.errands, commands: alertCommands(site, nodeId), close: () => notifier.close() };
    });
  };
  /** Goes on with the store, at the same time. */
  const restart = async (policy: Partial<AlertPolicy> = {}) => {
    await running.close();
    running = new RunningSite(running);
    open(policy);
  };
  beforeEach(() => {
    running = new RunningSite();
    count = 0;
  });
  afterEach(() => running.close());
  after(removeTempFolders);

  /** What is decided on an event of now: a new one, unless it has an id. */
  const decide = async (risk_score: number, changes: Partial<SecurityEvent> = {}): Promise<Alert> => {
    count += 1;
    const now = new Date(running.clock.now()).toISOString();
    const event = eventWith({
      event_id: `ev_${count}`,
      batch_id: `ba_${changes.event_id ?? count}`,
      started_at: now,
      ended_at: now,
      risk_score,
      risk_level: riskLevel(risk_score, DEFAULT_RISK_BANDS),
      ...changes,
    });
    await node.put({ payload: event });
    return Alert.parse({ ...running.site.store.decisions.get(event.event_id, "alert"), event });
  };
  const failing = ({ conditions }: Alert) => conditions.filter(({ passed }) => !passed).map(({ name }) => name);
  const incident = (id: string) => ({ context: { incident: { incident_id: id, cameras: [] } } });

  it("counts a cooldown from the last alert that was sent, over a restart, and lets a graver one through", async () => {
    open();
    assert.equal((await decide(60)).outcome, "alert");
    running.clock.advance(299 * SECOND);
    await restart();
    const held = await decide(60);
    assert.deepEqual(
      [failing(held), held.conditions.find(({ name }) => name === "cooldown")?.left_s],
      [["cooldown"], 1],
    );
    // The one that was suppressed has not begun it anew.
    running.clock.advance(1 * SECOND);
    assert.equal((await decide(60)).outcome, "alert");
    running.clock.advance(1 * SECOND);
    assert.equal((await decide(90)).outcome, "alert");
    assert.deepEqual(failing(await decide(90)), ["cooldown"]);
    assert.equal((await decide(60, { camera_id: "yard" })).outcome, "alert", "the key of another camera");
    assert.equal(node.sent.length, 3);
  });

  it("ends a snooze by itself, over a restart", async () => {
    open();
    running.site.settings.snoozeCamera("porch", 30);
    running.clock.advance(30 * MINUTE - 1);
    await restart();
    const snoozed = await decide(60);
    assert.deepEqual(
      [failing(snoozed), snoozed.conditions.find(({ name }) => name === "snooze")?.left_s],
      [["snooze"], 1],
    );
    running.clock.advance(1);
    assert.equal((await decide(60)).outcome, "alert");
  });

  it("counts the alerts of an hour over a restart, and never holds back what is critical", async () => {
    const policy = { maxPerHour: 2, rules: [ruleWith({ cooldown: 0 })] };
    open(policy);
    await decide(60);
    await restart(policy);
    await decide(60);
    assert.deepEqual(failing(await decide(60)), ["hourly"]);
    assert.equal((await decide(90)).outcome, "alert");
    running.clock.advance(60 * MINUTE);
    assert.equal((await decide(60)).outcome, "alert");
  });

  it("makes one alert of an incident, which each event brings up to date", async () => {
    open();
    const first = await decide(60, incident("ic_1"));
    const second = await decide(60, { camera_id: "yard", ...incident("ic_1") });
    const third = await decide(90, { camera_id: "drive", ...incident("ic_1") });
    const other = await decide(60, { camera_id: "gate", ...incident("ic_2") });
    assert.deepEqual(
      [first, second, third].map(({ alert_id, incident_id, update_count }) => [alert_id, incident_id, update_count]),
      [0, 1, 2].map((update) => [first.alert_id, "ic_1", update]),
    );
    assert.notEqual(other.alert_id, first.alert_id);
    const tags = node.sent.map(({ payload }) => Object(payload).notification.data);
    assert.equal(new Set(tags.map(({ tag }) => tag)).size, 2);
    // The second tells nothing new, the third is graver.
    assert.deepEqual(
      tags.map(({ alert_once }) => alert_once === true),
      [false, true, false, false],
    );
    assert.deepEqual(running.site.store.alerts.get(first.alert_id)?.severity, "critical");
  });

  it("begins an alert anew where an incident goes on for long", async () => {
    open();
    const first = await decide(60, incident("ic_1"));
    running.clock.advance(30 * MINUTE + 1);
    const later = await decide(60, { camera_id: "yard", ...incident("ic_1") });
    assert.notEqual(later.alert_id, first.alert_id);
    assert.equal(later.update_count, 0);
  });

  it("is silent on an incident once one of its cameras is snoozed", async () => {
    open();
    await decide(60, incident("ic_1"));
    running.site.settings.snoozeCamera("porch", 30);
    assert.deepEqual(failing(await decide(60, { camera_id: "yard", ...incident("ic_1") })), ["snooze"]);
    assert.equal((await decide(90, { camera_id: "drive", ...incident("ic_1") })).outcome, "alert");
  });

  it("lets an alert stand whose event is silenced later, and goes on with it once the snooze has ended", async () => {
    open();
    const first = await decide(60, { event_id: "ev_a", ...incident("ic_1") });
    running.site.settings.snoozeCamera("porch", 5);
    assert.deepEqual(failing(await decide(60, { event_id: "ev_a", revision: 2, ...incident("ic_1") })), ["snooze"]);
    assert.deepEqual(failing(await decide(60, { camera_id: "yard", ...incident("ic_1") })), ["snooze"]);
    running.clock.advance(5 * MINUTE);
    const later = await decide(60, { camera_id: "drive", ...incident("ic_1") });
    assert.deepEqual([later.outcome, later.alert_id, later.update_count], ["alert", first.alert_id, 1]);
    assert.equal(Object(node.sent.at(-1)?.payload).notification.data.alert_once, true);
  });

  it("does not take an alert back while another event of the incident stands", async () => {
    open();
    const first = await decide(60, { event_id: "ev_a", ...incident("ic_1") });
    const second = await decide(60, { event_id: "ev_b", camera_id: "yard", ...incident("ic_1") });
    const harmless = { revision: 2, ...incident("ic_1") };
    await restart({ rules: [ruleWith({ minScore: 60 })] });
    await decide(10, { event_id: "ev_a", ...harmless });
    assert.deepEqual(running.site.store.decisions.camerasOf(first.alert_id), ["yard"]);
    await decide(10, { event_id: "ev_b", camera_id: "yard", ...harmless });
    assert.deepEqual(running.site.store.decisions.camerasOf(second.alert_id), []);
  });

  it("keeps what people answer, and brings what was dismissed up to date no more", async () => {
    open();
    const { alert_id } = await decide(60, incident("ic_1"));
    const state = () => running.site.store.alerts.get(alert_id)?.state;
    assert.equal(state(), "delivered", "without a channel it has left by the output");
    await node.put({ command: "acknowledge", payload: alert_id });
    assert.equal(state(), "acknowledged");
    assert.equal((await decide(60, { camera_id: "yard", ...incident("ic_1") })).state, "acknowledged");
    await node.put({ command: "dismiss", payload: alert_id });
    assert.deepEqual(failing(await decide(60, { camera_id: "drive", ...incident("ic_1") })), ["dismissed"]);
    assert.deepEqual(
      node.answers.map(({ payload }) => payload),
      [
        { alert_id, state: "acknowledged" },
        { alert_id, state: "dismissed" },
      ],
    );
    // What gets graver is another matter.
    assert.equal((await decide(90, { camera_id: "gate", ...incident("ic_1") })).state, "delivered");
  });

  it("refuses an answer to an alert that is not there", async () => {
    open();
    await node.put({ command: "dismiss", payload: "al_9" });
    await node.put({ command: "acknowledge", payload: { id: 1 } });
    assert.deepEqual(
      node.ended.map((error) => error && Object(error).code),
      ["NO_ALERT", "NO_ALERT"],
    );
  });

  it("tells its last decisions by a command", async () => {
    open();
    await decide(60);
    running.clock.advance(SECOND);
    await decide(60);
    await node.put({ command: "decisions", payload: 1 });
    const [answer] = node.answers.map(({ payload }) => payload as { event_id: string }[]);
    assert.deepEqual(
      answer?.map(({ event_id }) => event_id),
      ["ev_2"],
    );
  });
});
