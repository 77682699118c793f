/** `risk-alert`: decides which events deserve a person's attention. */
import { z } from "zod";
import { alertingStage } from "../lib/site/alerting.ts";
import { Flag, LabelList, wholeNumber } from "../lib/site/form-fields.ts";
import { defineNode } from "./define-node.ts";

export const RiskAlertConfig = z.object({
  minScore: wholeNumber(60, { min: 0, max: 100 }),
  labels: LabelList.default([]),
  unanalyzed: z.enum(["alert", "suppress"]).default("alert"),
  publish: Flag.default(true),
});

export default defineNode({
  type: "risk-alert",
  config: RiskAlertConfig,
  outputs: 3,
  open: ({ publish, ...rule }, { nodeId, site }) => ({ stage: alertingStage({ site, nodeId, rule, publish }) }),
});
