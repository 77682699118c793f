/** `nemotron-analyze`: has a language model on a llama.cpp server judge the risk of what was seen. */
import { z } from "zod";
import { LLAMA_DEFAULTS, LlamaClient } from "../lib/analyze/llama-client.ts";
import { HOUSE_RULES_LENGTH, HOUSEHOLD_LENGTH } from "../lib/analyze/prompts/system.ts";
import { analysisStage } from "../lib/site/analysis.ts";
import { Flag, seconds, wholeNumber } from "../lib/site/form-fields.ts";
import { ModelServerLog } from "../lib/site/model-server-log.ts";
import { NodePrompts } from "../lib/site/node-prompts.ts";
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
  household: z.string().trim().max(HOUSEHOLD_LENGTH).default(""),
  houseRules: z.string().trim().max(HOUSE_RULES_LENGTH).default(""),
  contextSize: wholeNumber(8192, { min: 4096, max: 1_048_576 }),
  estimate: z.enum(["always", "away", "never"]).default("away"),
  publish: Flag.default(true),
});
type NemotronAnalyzeConfig = z.infer<typeof NemotronAnalyzeConfig>;

export default defineNode({
  type: "nemotron-analyze",
  config: NemotronAnalyzeConfig,
  outputs: 2,
  credentials: { apiKey: { type: "password" } },
  open(config, { nodeId, site, refreshStatus }) {
    const { url, concurrency, household, houseRules, contextSize } = config;
    const log = new ModelServerLog(site.logger, concurrency);
    const client = clientOf(config, () => {
      if (client) log.look(client);
      refreshStatus();
    });
    const prompts = new NodePrompts({
      site,
      nodeId,
      form: { household, house_rules: houseRules },
      contextSize,
      answerTokens: LLAMA_DEFAULTS.maxTokens,
      tokens: client,
    });
    return {
      stage: analysisStage({
        site,
        nodeId,
        client,
        prompts,
        gate: url === "" ? undefined : serverGates.of(url),
        concurrency,
        estimate: config.estimate,
        publish: config.publish,
      }),
      commands: prompts.commands,
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

/** Null where no server is named: rules judge then. */
function clientOf(config: NemotronAnalyzeConfig, onChange: () => void): LlamaClient | null {
  const { url, api, model, apiKey, timeout, stall, concurrency } = config;
  if (url === "") return null;
  return new LlamaClient({
    ...LLAMA_DEFAULTS,
    url,
    api,
    model: model || null,
    apiKey: apiKey || null,
    timeoutMs: timeout,
    stallMs: stall,
    concurrency,
    onChange,
  });
}
