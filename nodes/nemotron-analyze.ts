/** `nemotron-analyze`: has a language model on a llama.cpp server judge the risk of what was seen. */
import { z } from "zod";
import { LLAMA_DEFAULTS, LlamaClient } from "../lib/analyze/llama-client.ts";
import { analysisStage } from "../lib/site/analysis.ts";
import { Flag, seconds, wholeNumber } from "../lib/site/form-fields.ts";
import { ModelServerLog } from "../lib/site/model-server-log.ts";
import { defineNode } from "./define-node.ts";
import type { StatusView } from "./node-status.ts";
import { serverGates } from "./server-gates.ts";

export const NemotronAnalyzeConfig = z.object({
  url: z.string().trim().default(""),
  api: z.enum(["chat", "completion", "auto"]).default("chat"),
  model: z.string().trim().default(""),
  apiKey: z.string().default(""),
  timeout: seconds(120, { min: 1, max: 3600 }),
  stall: seconds(30, { min: 1, max: 3600 }),
  concurrency: wholeNumber(1, { min: 1, max: 32 }),
  estimate: z.enum(["always", "away", "never"]).default("away"),
  publish: Flag.default(true),
});

export default defineNode({
  type: "nemotron-analyze",
  config: NemotronAnalyzeConfig,
  outputs: 2,
  credentials: { apiKey: { type: "password" } },
  open(config, { nodeId, site, refreshStatus }) {
    const { url, api, model, apiKey, timeout, stall, concurrency } = config;
    const log = new ModelServerLog(site.logger, concurrency);
    const client: LlamaClient | null =
      url === ""
        ? null
        : new LlamaClient({
            ...LLAMA_DEFAULTS,
            url,
            api,
            model: model || null,
            apiKey: apiKey || null,
            timeoutMs: timeout,
            stallMs: stall,
            concurrency,
            onChange: () => {
              if (client) log.look(client);
              refreshStatus();
            },
          });
    return {
      stage: analysisStage({
        site,
        nodeId,
        client,
        gate: url === "" ? undefined : serverGates.of(url),
        concurrency,
        estimate: config.estimate,
        publish: config.publish,
      }),
      busy: () => (client && client.tokensUnderWay > 0 ? writing(client.tokensUnderWay) : null),
      idle: () => (client ? idle(client.schemaEnforced) : READY),
      start: () => {
        void client?.ready();
      },
      close: () => client?.close(),
    };
  },
});

const READY: StatusView = { fill: "green", shape: "dot", key: "ready" };

function writing(count: number): StatusView {
  return { fill: "blue", shape: "dot", key: "writing", count };
}

function idle(schemaEnforced: boolean | null): StatusView {
  if (schemaEnforced === null) return { ...READY, shape: "ring", key: "schemaUnproven" };
  return schemaEnforced ? READY : { ...READY, fill: "yellow", key: "schemaIgnored" };
}
