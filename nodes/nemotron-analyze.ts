/** `nemotron-analyze`: has a language model on a llama.cpp server judge the risk of what was seen. */
import { z } from "zod";
import { LLAMA_DEFAULTS } from "../lib/analyze/llama-client.ts";
import { BOX_FORMS, LONGEST_SIDE } from "../lib/analyze/prompts/pictures.ts";
import { HOUSE_RULES_LENGTH, HOUSEHOLD_LENGTH } from "../lib/analyze/prompts/system.ts";
import { analysisStage } from "../lib/site/analysis.ts";
import { connectModel } from "../lib/site/connect-model.ts";
import { DailyLimit } from "../lib/site/daily-limit.ts";
import { Flag, minutes, optionalWholeNumber, seconds, wholeNumber } from "../lib/site/form-fields.ts";
import { NodePrompts } from "../lib/site/node-prompts.ts";
import { modelTrial } from "../lib/site/trials.ts";
import { verdictCommands } from "../lib/site/verdict-commands.ts";
import { defineNode } from "./define-node.ts";
import { busyStatus, idleStatus } from "./model-status.ts";
import { serverGates } from "./server-gates.ts";

const Fields = z.object({
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
  pictures: wholeNumber(0, { min: 0, max: 4 }),
  pictureSide: wholeNumber(LONGEST_SIDE, { min: 224, max: 2048 }),
  boxes: z.enum(BOX_FORMS).default("relative"),
  waitLimit: minutes(60, { min: 0, max: 10_080 }),
  dailyLimit: optionalWholeNumber({ min: 1, max: 1_000_000 }),
  estimate: z.enum(["always", "away", "never"]).default("away"),
  publish: Flag.default(true),
});
/** Without its own template, which only the chat interface applies, no model takes a picture. */
export const NemotronAnalyzeConfig = Fields.refine(({ pictures, api }) => pictures === 0 || api !== "completion", {
  path: ["pictures"],
  error: "need the chat interface: choose it, or send 0 pictures",
});

export default defineNode({
  type: "nemotron-analyze",
  config: NemotronAnalyzeConfig,
  outputs: 2,
  credentials: { apiKey: { type: "password" } },
  trial: modelTrial,
  open(config, { nodeId, site, refreshStatus }) {
    const { url, concurrency, household, houseRules, contextSize, pictures, pictureSide } = config;
    const hasPictures = pictures > 0;
    const client = connectModel(config, site.logger, refreshStatus);
    const prompts = new NodePrompts({
      site,
      nodeId,
      form: { household, house_rules: houseRules },
      boxes: hasPictures ? config.boxes : undefined,
      contextSize,
      answerTokens: LLAMA_DEFAULTS.maxTokens,
      tokens: client,
    });
    const limit = new DailyLimit({ site, nodeId, limit: config.dailyLimit, onChange: refreshStatus });
    return {
      stage: analysisStage({
        site,
        nodeId,
        client,
        prompts,
        pictures: hasPictures ? { most: pictures, longestSide: pictureSide } : undefined,
        limit,
        gate: url === "" ? undefined : serverGates.of(url),
        concurrency,
        estimate: config.estimate,
        waitMs: config.waitLimit || null,
        publish: config.publish,
      }),
      commands: { ...prompts.commands, ...verdictCommands(site, nodeId) },
      busy: () => busyStatus(client),
      idle: () => idleStatus(client, hasPictures, limit),
      start: () => {
        limit.look();
        void client?.ready();
      },
      close: () => {
        limit.close();
        return client?.close();
      },
    };
  },
});
