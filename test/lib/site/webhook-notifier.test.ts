import { deepEqual, equal, match } from "node:assert/strict";
import { AlertRule } from "../../../lib/alert/rule.ts";
import { Webhook } from "../../../lib/alert/webhook/webhook.ts";
import type { Channel } from "../../../lib/domain/alert.ts";
import type { SecurityEvent } from "../../../lib/domain/event.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import { AlertNotifier } from "../../../lib/site/alert-notifier.ts";
import { alertingStage } from "../../../lib/site/alerting.ts";
import { WEBHOOK_LANE, WebhookNotifier } from "../../../lib/site/webhook-notifier.ts";
import { eventually } from "../../support/eventually.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { SECRET, startWebhookServer, type WebhookServer } from "../../support/webhook-server.ts";
import { RunningSite } from "./running-site.ts";

const DAY_MS = 24 * 60 * 60_000;

describe("a node's webhook", () => {
  let running: RunningSite;
  let server: WebhookServer;
  beforeEach(async () => {
    running = new RunningSite();
    server = await startWebhookServer();
  });
  afterEach(async () => {
    await running.close();
    await server.close();
  });
  after(removeTempFolders);

  /** A node with one rule, which names these channels. */
  function start(channels: string[] = []) {
    return running.start<SecurityEvent>("alert", "risk-alert", (workspace) => {
      const { site, nodeId } = workspace;
      const hook = new Webhook({ url: server.url, secret: SECRET, allowPrivate: true, clock: systemClock });
      const notifier = new AlertNotifier({ workspace, channels: [], publish: false, critical: false });
      const webhook = new WebhookNotifier({ workspace, webhook: hook });
      const rule = AlertRule.parse({ name: "High", minScore: 60, cooldown: 0, channels });
      const all: Channel[] = [{ kind: "webhook" }, { kind: "notify", target: "phone" }];
      return {
        stage: alertingStage({
          site,
          nodeId,
          policy: { rules: [rule], quietHours: null, quietSeverity: null, maxPerHour: 0 },
          channels: all,
          publish: false,
          notifier,
          webhook,
          calibrationLimit: null,
        }),
        errands: notifier.errands,
        lanes: { [WEBHOOK_LANE]: webhook.errands },
        close: () => webhook.close(),
      };
    });
  }
  const event = (risk_score: number, changes: Partial<SecurityEvent> = {}) => ({
    ...running.judge(risk_score, changes),
    detections: [],
  });
  const received = (count: number) => eventually(() => server.received.length >= count, `${count} messages`);

  it("is told in the order of events, and that there is one: the alert has been delivered", async () => {
    const node = start();
    const [first, second] = [event(70), event(80)];
    await node.put({ payload: first });
    await node.put({ payload: second });
    await received(2);
    deepEqual(
      server.received.map(({ body }) => JSON.parse(body).event.event_id),
      [first.event_id, second.event_id],
    );
    await eventually(() => node.node.load.depth === 0, "an end");
    const { alert_id } = JSON.parse(server.received[0]?.body ?? "").alert;
    equal(running.site.store.alerts.get(alert_id)?.state, "delivered");
  });

  it("is not told where the rule names others", async () => {
    const node = start(["phone"]);
    await node.put({ payload: event(70) });
    equal(node.sent.length, 1);
    await eventually(() => node.node.load.depth === 0, "the phone's end");
    deepEqual(server.received, []);
  });

  it("is given up after a day without it, and can be told all the same", async () => {
    server.answer((response) => response.writeHead(503).end());
    const node = start();
    await node.put({ payload: event(70) });
    await received(1);
    await eventually(() => node.node.load.waitingFor !== null, "the failure");
    running.clock.advance(DAY_MS);
    await eventually(() => node.node.load.dead === 1, "the dead letter");
    match(node.ended.at(-1)?.message ?? "", /HTTP 503.*given up after a day/);
    server.answer((response) => response.writeHead(204).end());
    await node.put({ command: "replay" });
    await eventually(() => node.node.load.dead === 0 && node.node.load.depth === 0, "the end");
  });
});
