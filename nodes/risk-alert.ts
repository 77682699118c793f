/** `risk-alert`: decides which events deserve a person's attention, and tells people. */
import { z } from "zod";
import { AlertNotifier } from "../lib/site/alert-notifier.ts";
import { alertingStage } from "../lib/site/alerting.ts";
import { Flag, LabelList, NotifyTargets, wholeNumber } from "../lib/site/form-fields.ts";
import { defineNode } from "./define-node.ts";

export const RiskAlertConfig = z.object({
  minScore: wholeNumber(60, { min: 0, max: 100 }),
  labels: LabelList.default([]),
  zones: LabelList.default([]),
  unanalyzed: z.enum(["alert", "suppress"]).default("alert"),
  publish: Flag.default(true),
  targets: NotifyTargets.default([]),
  critical: Flag.default(false),
});

export default defineNode({
  type: "risk-alert",
  config: RiskAlertConfig,
  outputs: 3,
  open({ publish, targets, critical, ...rule }, workspace) {
    const { nodeId, site } = workspace;
    const notifier = new AlertNotifier({ workspace, targets, publish, critical });
    return {
      stage: alertingStage({ site, nodeId, rule, publish, notifier }),
      errands: notifier.errands,
      busy: () => (notifier.isWaiting ? { fill: "yellow", shape: "ring", key: "homeAssistantAway" } : null),
      close: () => notifier.close(),
    };
  },
});
