/** The two routes on which a llama-server answers: what they take, and what they say, whole or token by token. */
import { z } from "zod";

export const MODEL = "test-model.gguf";

export interface Numbers {
  /** Tokens. */
  readonly prompt: number;
  readonly completion: number;
  readonly cached: number;
}

export interface LlmRoute {
  /** Takes only what Vigil must send: a schema, temperature 0, a stream. */
  readonly body: z.ZodType<Record<string, unknown>>;
  prompt(body: Record<string, unknown>): string;
  /** The pictures that the model would see. */
  pictures(body: Record<string, unknown>): Buffer[];
  /** The JSON schema that the answer is held to. */
  schema(body: Record<string, unknown>): z.infer<typeof Schema>;
  whole(model: string, content: string, isCut: boolean, numbers: Numbers): object;
  /** What `data:` lines bring. */
  events(model: string, tokens: readonly string[], isCut: boolean, numbers: Numbers): readonly (object | string)[];
}

const Schema = z.looseObject({
  type: z.literal("object"),
  properties: z.record(z.string(), z.looseObject({ enum: z.array(z.unknown()).optional() })),
});
const Sampling = z.object({ temperature: z.literal(0), seed: z.int(), stream: z.literal(true) });
const JPEG_URL = /^data:image\/jpeg;base64,([A-Za-z0-9+/]+=*)$/;
const Part = z.union([
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("image_url"), image_url: z.strictObject({ url: z.string().regex(JPEG_URL) }) }),
]);
const ChatBody = Sampling.extend({
  model: z.string().optional(),
  messages: z
    .array(
      z.object({ role: z.enum(["system", "user", "assistant"]), content: z.union([z.string(), z.array(Part).min(1)]) }),
    )
    .min(1),
  max_tokens: z.int().positive(),
  stream_options: z.object({ include_usage: z.literal(true) }),
  response_format: z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({ name: z.string().min(1), strict: z.literal(true), schema: Schema }),
  }),
});
const CompletionBody = Sampling.extend({
  prompt: z.string().min(1),
  n_predict: z.int().positive(),
  json_schema: Schema,
  cache_prompt: z.literal(true),
});

const chat: LlmRoute = {
  body: ChatBody.loose(),
  prompt: (body) =>
    partsOf(body)
      .flatMap((part) => (part.type === "text" ? [part.text] : []))
      .join("\n"),
  pictures: (body) =>
    partsOf(body).flatMap((part) => {
      const [, base64] = part.type === "image_url" ? (JPEG_URL.exec(part.image_url.url) ?? []) : [];
      return base64 === undefined ? [] : [Buffer.from(base64, "base64")];
    }),
  schema: (body) => ChatBody.parse(body).response_format.json_schema.schema,
  whole: (model, content, isCut, numbers) => ({
    choices: [{ finish_reason: isCut ? "length" : "stop", index: 0, message: { role: "assistant", content } }],
    ...chatHead(model, "chat.completion"),
    ...chatTail(numbers),
  }),
  events: (model, tokens, isCut, numbers) => {
    const event = (delta: object, finish_reason: string | null = null) => ({
      choices: [{ finish_reason, index: 0, delta }],
      ...chatHead(model, "chat.completion.chunk"),
    });
    return [
      event({ role: "assistant", content: null }),
      ...tokens.map((content) => event({ content })),
      event({}, isCut ? "length" : "stop"),
      { choices: [], ...chatHead(model, "chat.completion.chunk"), ...chatTail(numbers) },
      "[DONE]",
    ];
  },
};

const completion: LlmRoute = {
  body: CompletionBody.loose(),
  prompt: (body) => CompletionBody.parse(body).prompt,
  pictures: () => [],
  schema: (body) => CompletionBody.parse(body).json_schema,
  whole: (model, content, isCut, numbers) => ({ ...completionEnd(model, isCut, numbers), content }),
  events: (model, tokens, isCut, numbers) => [
    ...tokens.map((content, index) => ({
      index: 0,
      content,
      tokens: [index],
      stop: false,
      id_slot: -1,
      tokens_predicted: index + 1,
      tokens_evaluated: numbers.prompt,
    })),
    completionEnd(model, isCut, numbers),
  ],
};

/** What all turns say. */
function partsOf(body: Record<string, unknown>): z.infer<typeof Part>[] {
  return ChatBody.parse(body).messages.flatMap(({ content }) =>
    typeof content === "string" ? [{ type: "text" as const, text: content }] : content,
  );
}

function chatHead(model: string, object: string) {
  return { created: 1_800_000_000, id: "chatcmpl-1", model, system_fingerprint: "b11669", object };
}

function chatTail({ prompt, completion, cached }: Numbers) {
  return {
    usage: {
      completion_tokens: completion,
      prompt_tokens: prompt,
      total_tokens: prompt + completion,
      prompt_tokens_details: { cached_tokens: cached },
    },
    timings: { cache_n: cached, prompt_n: prompt - cached, predicted_n: completion },
  };
}

function completionEnd(model: string, isCut: boolean, { prompt, completion, cached }: Numbers) {
  return {
    index: 0,
    content: "",
    tokens: [],
    id_slot: 0,
    stop: true,
    model,
    tokens_predicted: completion,
    tokens_evaluated: prompt,
    truncated: false,
    stop_type: isCut ? "limit" : "eos",
    stopping_word: "",
    tokens_cached: prompt + completion - 1,
    timings: { cache_n: cached, prompt_n: prompt - cached, predicted_n: completion },
  };
}

export const LLM_ROUTES: Readonly<Record<string, LlmRoute>> = {
  "/v1/chat/completions": chat,
  "/completion": completion,
};

/** As a server that is compatible with OpenAI's and knows no fields of its own has them. */
export const STRICT_ROUTES: Readonly<Record<string, LlmRoute>> = {
  "/v1/chat/completions": { ...chat, body: ChatBody.strict() },
};
