/** `nemotron-analyze`: has a language model on a llama.cpp server judge the risk of what was seen. */
import { z } from "zod";
import { LLAMA_DEFAULTS, LlamaClient } from "../lib/analyze/llama-client.ts";
import { analysisStage } from "../lib/site/analysis.ts";
import { Flag, seconds, wholeNumber } from "../lib/site/form-fields.ts";
import { ModelServerLog } from "../lib/site/model-server-log.ts";
import { defineNode } from "./define-node.ts";
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
      busy: () => {
        const tokens = client?.tokensUnderWay ?? 0;
        return tokens === 0 ? null : { fill: "blue", shape: "dot", key: "writing", count: tokens };
      },
      idle: () => {
        if (client?.schemaEnforced === null) return { fill: "green", shape: "ring", key: "schemaUnproven" };
        if (client?.schemaEnforced === false) return { fill: "yellow", shape: "dot", key: "schemaIgnored" };
        return { fill: "green", shape: "dot", key: "ready" };
      },
      start: () => {
        void client?.ready();
      },
      close: () => client?.close(),
    };
  },
});
