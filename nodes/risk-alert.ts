/** `risk-alert`: decides which events deserve a person's attention. */
import { z } from "zod";
import { alertingStage } from "../lib/site/alerting.ts";
import { defineNode } from "./define-node.ts";
import { LabelList } from "./form-fields.ts";

export const RiskAlertConfig = z.object({
  minScore: z.coerce.number().int().min(0).max(100).default(60),
  labels: LabelList.default([]),
  unanalyzed: z.enum(["alert", "suppress"]).default("alert"),
});

export default defineNode({
  type: "risk-alert",
  config: RiskAlertConfig,
  outputs: 3,
  open: (config, { nodeId, site }) => ({ stage: alertingStage({ site, nodeId, rule: config }) }),
});
