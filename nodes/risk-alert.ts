/** `risk-alert`: decides which events deserve a person's attention, and tells people. */
import { z } from "zod";
import { checkChannels } from "../lib/alert/channels.ts";
import { AlertRules, DEFAULT_RULES } from "../lib/alert/rule.ts";
import { Schedule } from "../lib/alert/schedule.ts";
import type { Channel } from "../lib/domain/alert.ts";
import { RiskLevel } from "../lib/domain/risk.ts";
import { alertCommands } from "../lib/site/alert-answers.ts";
import { AlertNotifier } from "../lib/site/alert-notifier.ts";
import { alertingStage } from "../lib/site/alerting.ts";
import { Flag, NotifyTargets, wholeNumber } from "../lib/site/form-fields.ts";
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
});

export default defineNode({
  type: "risk-alert",
  config: RiskAlertConfig,
  outputs: 3,
  open({ publish, targets, critical, ...policy }, workspace) {
    const { nodeId, site } = workspace;
    const channels = targets.map((target): Channel => ({ kind: "notify", target }));
    checkChannels(policy.rules, channels);
    const notifier = new AlertNotifier({ workspace, channels, publish, critical });
    return {
      stage: alertingStage({ site, nodeId, policy, channels, publish, notifier }),
      errands: notifier.errands,
      commands: alertCommands(site, nodeId),
      busy: () => (notifier.isWaiting ? { fill: "yellow", shape: "ring", key: "homeAssistantAway" } : null),
      close: () => notifier.close(),
    };
  },
});
