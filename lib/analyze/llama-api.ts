/** The two ways to ask a llama.cpp server: its OpenAI-compatible chat endpoint and its native completion endpoint. */
import { z } from "zod";
import type { Prompt } from "./prompts/prompt.ts";
import { repairText, repairTurns } from "./prompts/repair.ts";
import { asData } from "./sanitise.ts";

/** The same at every call, so that the same prompt gets the same verdict. */
const SAMPLING = { temperature: 0, seed: 1 } as const;
const MODEL_NAME_LENGTH = 128;

export interface Question {
  readonly prompt: Prompt;
  /** What the answer must be, as JSON Schema, and what that is called. */
  readonly schema: { readonly name: string; readonly schema: object };
  /** For servers that hold several. */
  readonly model: string | null;
  readonly maxTokens: number;
  /** Whether the server is llama.cpp's: others may refuse a request with fields that only llama.cpp knows. */
  readonly isLlamaCpp: boolean;
}

/** What both endpoints say in their own words, in one piece or in many: of each number, the last that is said holds. */
export interface Piece {
  /** More of the answer. */
  readonly text: string;
  /** Whether the model has gone on: also thinking, which is no part of the answer, is a token. */
  readonly isToken: boolean;
  /** Why the answer is complete: the model had said it all, or was still writing at the token limit. */
  readonly end: "stop" | "cut" | null;
  readonly facts: Facts;
}

export interface Facts {
  /** As the server names it; null where it does not. */
  readonly model: string | null;
  /** Tokens of the prompt, those from the server's cache included. */
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  /** How many of the prompt's tokens the server had kept from earlier prompts. */
  readonly cachedTokens: number | null;
}

export interface LlamaApi {
  /** Under the server's base address. */
  readonly path: string;
  body(question: Question): Record<string, unknown>;
  /** A whole reply, and each event of a streamed one. */
  readonly piece: z.ZodType<Piece>;
}

/** A count that is missing or makes no sense is one that nobody measured; the reply is good without it. */
export const TokenCount = z.int().nonnegative().nullable().catch(null);
const ModelName = z
  .string()
  .transform((name) => asData(name, MODEL_NAME_LENGTH) || null)
  .nullable()
  .catch(null);
const Timings = z.object({ cache_n: TokenCount }).nullable().catch(null);
const Text = z.string().nullish();

const Said = z.object({ content: Text, reasoning_content: Text, reasoning: Text });
/** Whole, or what has been added. */
const Choice = z.union([
  z.object({ message: Said, finish_reason: Text }).transform(({ message, finish_reason }) => ({
    said: message,
    reason: finish_reason ?? "stop",
  })),
  z.object({ delta: Said, finish_reason: Text }).transform(({ delta, finish_reason }) => ({
    said: delta,
    reason: finish_reason,
  })),
]);

/** Lets the server apply the model's own chat template. Works with other OpenAI-compatible servers too. */
const chat: LlamaApi = {
  path: "/v1/chat/completions",
  body: ({ prompt, schema, model, maxTokens, isLlamaCpp }) => ({
    ...(model !== null && { model }),
    messages: [
      { role: "system", content: prompt.system },
      { role: "user", content: userContent(prompt) },
      ...repairTurns(prompt),
    ],
    response_format: { type: "json_schema", json_schema: { strict: true, ...schema } },
    ...SAMPLING,
    max_tokens: maxTokens,
    stream: true,
    stream_options: { include_usage: true },
    ...(isLlamaCpp && { cache_prompt: true }),
  }),
  piece: z
    .object({
      // The last event, with the numbers, has none.
      choices: z.union([z.tuple([Choice], z.unknown()), z.tuple([])]),
      model: ModelName,
      usage: z
        .object({
          prompt_tokens: TokenCount,
          completion_tokens: TokenCount,
          prompt_tokens_details: z.object({ cached_tokens: TokenCount }).nullable().catch(null),
        })
        .nullable()
        .catch(null),
      timings: Timings,
    })
    .transform(({ choices: [choice], model, usage, timings }) => ({
      text: choice?.said.content ?? "",
      isToken: Boolean(choice?.said.content || choice?.said.reasoning_content || choice?.said.reasoning),
      end: endOf(choice?.reason, "length"),
      facts: {
        model,
        promptTokens: usage?.prompt_tokens ?? null,
        completionTokens: usage?.completion_tokens ?? null,
        cachedTokens: timings?.cache_n ?? usage?.prompt_tokens_details?.cached_tokens ?? null,
      },
    })),
};

/** What the user says: the text, or what is to be seen and then the text. */
function userContent({ user, pictures = [] }: Prompt): string | object[] {
  if (pictures.length === 0) return user;
  const parts = pictures.flatMap(({ caption, jpeg }) => [
    { type: "text", text: caption },
    { type: "image_url", image_url: { url: `data:image/jpeg;base64,${jpeg.toString("base64")}` } },
  ]);
  return [...parts, { type: "text", text: user }];
}

/**
 * For models without a chat template: the text as it is, and no pictures, since models that see have one. The server holds
 * one model, so none is named.
 */
const completion: LlamaApi = {
  path: "/completion",
  body: ({ prompt, schema, maxTokens }) => ({
    prompt: `${prompt.system}\n\n${prompt.user}\n${repairText(prompt)}`,
    json_schema: schema.schema,
    ...SAMPLING,
    n_predict: maxTokens,
    cache_prompt: true,
    stream: true,
  }),
  piece: z
    .object({
      content: z.string(),
      stop: z.boolean().default(true),
      model: ModelName,
      tokens_evaluated: TokenCount,
      tokens_predicted: TokenCount,
      stop_type: Text,
      timings: Timings,
    })
    .transform(({ content, stop, model, tokens_evaluated, tokens_predicted, stop_type, timings }) => ({
      text: content,
      isToken: content !== "",
      end: stop ? endOf(stop_type ?? "eos", "limit") : null,
      facts: {
        model,
        promptTokens: tokens_evaluated,
        completionTokens: tokens_predicted,
        cachedTokens: timings?.cache_n ?? null,
      },
    })),
};

function endOf(reason: string | null | undefined, limit: string): Piece["end"] {
  if (typeof reason !== "string") return null;
  return reason === limit ? "cut" : "stop";
}

export const LLAMA_APIS = { chat, completion } as const;
export type LlamaApiName = keyof typeof LLAMA_APIS;
