/** `risk-alert`: decides which events deserve a person's attention. */
import { z } from "zod";
import { alertingStage } from "../lib/site/alerting.ts";
import { LabelList, wholeNumber } from "../lib/site/form-fields.ts";
import { defineNode } from "./define-node.ts";

export const RiskAlertConfig = z.object({
  minScore: wholeNumber(60, { min: 0, max: 100 }),
  labels: LabelList.default([]),
  unanalyzed: z.enum(["alert", "suppress"]).default("alert"),
});

export default defineNode({
  type: "risk-alert",
  config: RiskAlertConfig,
  outputs: 3,
  open: (config, { nodeId, site }) => ({ stage: alertingStage({ site, nodeId, rule: config }) }),
});
