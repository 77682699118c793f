/** What the status of `nemotron-analyze` tells of its model. */
import type { LlamaClient } from "../lib/analyze/llama-client.ts";
import type { DailyLimit } from "../lib/site/daily-limit.ts";
import type { StatusView } from "./node-status.ts";

/** While there is something to do: how far the model is; null where it does not tell. */
export function busyStatus(client: LlamaClient | null): StatusView | null {
  const tokens = client?.tokensUnderWay ?? 0;
  return tokens === 0 ? null : { fill: "blue", shape: "dot", key: "writing", count: tokens };
}

/** While there is nothing to do; without a model, rules are ready to judge. */
export function idleStatus(client: LlamaClient | null, hasPictures: boolean, { until }: DailyLimit): StatusView {
  if (until !== null) return { fill: "yellow", shape: "dot", key: "limited", time: until };
  if (client?.schemaEnforced === null) return { fill: "green", shape: "ring", key: "schemaUnproven" };
  if (client?.schemaEnforced === false) return { fill: "yellow", shape: "dot", key: "schemaIgnored" };
  if (hasPictures && client?.takesPictures === false) return { fill: "yellow", shape: "dot", key: "noPictures" };
  return { fill: "green", shape: "dot", key: "ready" };
}
