/** The two ways to ask a llama.cpp server: its OpenAI-compatible chat endpoint and its native completion endpoint. */
import { z } from "zod";
import type { Prompt } from "./prompts/prompt.ts";
import { repairText, repairTurns } from "./prompts/repair.ts";
import { asData } from "./sanitise.ts";
import { verdictJsonSchema } from "./verdict.ts";

/** The same at every call, so that the same prompt gets the same verdict. */
const SAMPLING = { temperature: 0, seed: 1 } as const;
const MODEL_NAME_LENGTH = 128;

/** What both endpoints say in their own words. */
export interface Completion {
  readonly content: string;
  /** As the server names it; null where it does not. */
  readonly model: string | null;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  /** Those of the prompt that the server had in its cache. */
  readonly cachedTokens?: number | null;
  /** Milliseconds from the request to the end of the answer. */
  readonly latencyMs?: number | null;
  /** The model was still writing when it reached the token limit. */
  readonly isCut: boolean;
}

export interface LlamaApi {
  /** Under the server's base address. */
  readonly path: string;
  body(prompt: Prompt, model: string | null, maxTokens: number): Record<string, unknown>;
  readonly reply: z.ZodType<Completion>;
}

/** A count that is missing or makes no sense is one that nobody measured; the reply is good without it. */
const TokenCount = z.int().nonnegative().nullable().catch(null);
const ModelName = z
  .string()
  .transform((name) => asData(name, MODEL_NAME_LENGTH) || null)
  .nullable()
  .catch(null);

/** Lets the server apply the model's own chat template. Works with other OpenAI-compatible servers too. */
const chat: LlamaApi = {
  path: "/v1/chat/completions",
  body: (prompt, model, maxTokens) => ({
    ...(model !== null && { model }),
    messages: [
      { role: "system", content: prompt.system },
      { role: "user", content: prompt.user },
      ...repairTurns(prompt),
    ],
    response_format: {
      type: "json_schema",
      json_schema: { name: "verdict", strict: true, schema: verdictJsonSchema },
    },
    ...SAMPLING,
    max_tokens: maxTokens,
    stream: false,
  }),
  reply: z
    .object({
      choices: z.tuple(
        [z.object({ message: z.object({ content: z.string().nullish() }), finish_reason: z.string().nullish() })],
        z.unknown(),
      ),
      model: ModelName,
      usage: z.object({ prompt_tokens: TokenCount, completion_tokens: TokenCount }).nullable().catch(null),
    })
    .transform(({ choices: [choice], model, usage }) => ({
      content: choice.message.content ?? "",
      model,
      promptTokens: usage?.prompt_tokens ?? null,
      completionTokens: usage?.completion_tokens ?? null,
      isCut: choice.finish_reason === "length",
    })),
};

/** For models without a chat template: the text as it is. The server holds one model, so none is named. */
const completion: LlamaApi = {
  path: "/completion",
  body: (prompt, _model, maxTokens) => ({
    prompt: `${prompt.system}\n\n${prompt.user}\n${repairText(prompt)}`,
    json_schema: verdictJsonSchema,
    ...SAMPLING,
    n_predict: maxTokens,
    cache_prompt: true,
    stream: false,
  }),
  reply: z
    .object({
      content: z.string(),
      model: ModelName,
      tokens_evaluated: TokenCount,
      tokens_predicted: TokenCount,
      stop_type: z.string().nullish(),
    })
    .transform(({ content, model, tokens_evaluated, tokens_predicted, stop_type }) => ({
      content,
      model,
      promptTokens: tokens_evaluated,
      completionTokens: tokens_predicted,
      isCut: stop_type === "limit",
    })),
};

export const LLAMA_APIS = { chat, completion } as const;
