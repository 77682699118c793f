/** `risk-alert`: decides which events deserve a person's attention, and tells people. */
import { z } from "zod";
import { checkChannels } from "../lib/alert/channels.ts";
import { AlertRules, DEFAULT_RULES } from "../lib/alert/rule.ts";
import { Schedule } from "../lib/alert/schedule.ts";
import { Webhook } from "../lib/alert/webhook/webhook.ts";
import type { NotifyChannel } from "../lib/domain/alert.ts";
import { RiskLevel } from "../lib/domain/risk.ts";
import type { Clock } from "../lib/resilience/clock.ts";
import { alertCommands } from "../lib/site/alert-answers.ts";
import { AlertNotifier } from "../lib/site/alert-notifier.ts";
import { alertingStage } from "../lib/site/alerting.ts";
import { feedbackCommands } from "../lib/site/feedback.ts";
import { Flag, NotifyTargets, wholeNumber } from "../lib/site/form-fields.ts";
import { WEBHOOK_LANE, WebhookNotifier } from "../lib/site/webhook-notifier.ts";
import { defineNode } from "./define-node.ts";

export const RiskAlertConfig = z.object({
  rules: AlertRules.default([...DEFAULT_RULES]),
  quietHours: Schedule.nullable().default(null),
  /** What still passes; empty: nothing. */
  quietSeverity: z
    .union([RiskLevel, z.literal("")])
    .default("critical")
    .transform((level) => level || null),
  maxPerHour: wholeNumber(20, { min: 0, max: 1000 }),
  publish: Flag.default(true),
  targets: NotifyTargets.default([]),
  critical: Flag.default(false),
  webhookUrl: z.string().trim().default(""),
  webhookPrivate: Flag.default(false),
  webhookSecret: z.string().default(""),
  calibrate: Flag.default(false),
  calibrationLimit: wholeNumber(10, { min: 1, max: 30 }),
});

export default defineNode({
  type: "risk-alert",
  config: RiskAlertConfig,
  outputs: 3,
  credentials: { webhookSecret: { type: "password" } },
  open(config, workspace) {
    const { rules, quietHours, quietSeverity, maxPerHour, publish, targets, critical } = config;
    const { nodeId, site } = workspace;
    const phones = targets.map((target): NotifyChannel => ({ kind: "notify", target }));
    const hook = config.webhookUrl === "" ? null : openWebhook(config, site.clock);
    const channels = hook ? [...phones, { kind: "webhook" } as const] : phones;
    checkChannels(rules, channels);
    const notifier = new AlertNotifier({ workspace, channels: phones, publish, critical });
    const webhook = new WebhookNotifier({ workspace, webhook: hook });
    return {
      stage: alertingStage({
        site,
        nodeId,
        policy: { rules, quietHours, quietSeverity, maxPerHour },
        channels,
        publish,
        notifier,
        webhook,
        calibrationLimit: config.calibrate ? config.calibrationLimit : null,
      }),
      errands: notifier.errands,
      lanes: { [WEBHOOK_LANE]: webhook.errands },
      commands: { ...alertCommands(site, nodeId), ...feedbackCommands(site) },
      busy: () => (notifier.isWaiting ? { fill: "yellow", shape: "ring", key: "homeAssistantAway" } : null),
      close: () => {
        notifier.close();
        return webhook.close();
      },
    };
  },
});

function openWebhook(
  { webhookUrl, webhookSecret, webhookPrivate }: z.infer<typeof RiskAlertConfig>,
  clock: Clock,
): Webhook {
  return new Webhook({ url: webhookUrl, secret: webhookSecret, allowPrivate: webhookPrivate, clock });
}
