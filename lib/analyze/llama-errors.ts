/** What a language model's server says in place of an answer, as our errors. */
import { STATUS_CODES } from "node:http";
import { z } from "zod";
import { ReplyError, ServerError } from "../resilience/errors.ts";
import { jsonIn } from "../resilience/json.ts";

/** The prompt and the room for the answer do not fit into the model's context: a smaller prompt may. */
export class ContextError extends ReplyError {
  /** Tokens of the prompt; null where the server does not say. */
  readonly promptTokens: number | null;
  /** Tokens that the context holds; null where the server does not say. */
  readonly contextSize: number | null;

  constructor(message: string, { promptTokens, contextSize }: Pick<ContextError, "promptTokens" | "contextSize">) {
    super("LLM_CONTEXT", message);
    this.promptTokens = promptTokens;
    this.contextSize = contextSize;
  }
}

export interface Refusal {
  /** Null where an answer was under way and the error has no code. */
  readonly status: number | null;
  /** How long the server asks to be left alone, in milliseconds; null where it does not say. */
  readonly retryAfterMs: number | null;
  /** The body of its reply. */
  readonly text: string;
}

const Count = z.int().positive().nullable().catch(null);
const Fault = z.object({
  message: z.string(),
  code: z.int().min(400).max(599).optional().catch(undefined),
  type: z.string().optional().catch(undefined),
  n_prompt_tokens: Count,
  n_ctx: Count,
});
/** Ollama has just the message, too. */
const ErrorReply = z.object({
  error: z.union([Fault, z.string().transform((message) => Fault.parse({ message }))]),
});

/** Servers without a type of their own for it say so in such words. */
const TOO_LONG = /context (size|length|window)/i;
/**
 * A server that takes no pictures, or not so many: llama.cpp without `--mmproj` ("image input is not supported"; before
 * May 2025 "Unsupported content part type"), both with status 500; Ollama ("missing data required for image input", 500);
 * LM Studio ("Model does not support images"); vLLM ("is not a multimodal model", "At most 0 image(s) may be provided").
 */
const NO_PICTURES =
  /image input|does not support (images|image|multimodal|vision)|not a multimodal model|image\(s\) may be provided|content part type/i;
/** llama.cpp says 500 where it does not understand what the model has written: the model's fault, and the same again. */
const NOT_UNDERSTOOD = /^The model produced output that does not match/;

/** An error that stands where an answer should, as the refusal that it would have been with a status; else undefined. */
export function refusalIn(value: unknown): Refusal | undefined {
  const fault = ErrorReply.safeParse(value).data?.error;
  return fault && { status: fault.code ?? null, retryAfterMs: null, text: JSON.stringify(value) };
}

/**
 * ContextError `LLM_CONTEXT`; ServerError `LLM_BUSY` (429, 503), `LLM_FAILED` (other 5xx, or none); ReplyError
 * `LLM_REPLY_UNUSABLE`, `LLM_NO_PICTURES`, `LLM_REFUSED`. `quote` is given the server's words.
 */
export function errorOf(
  { status, retryAfterMs, text }: Refusal,
  endpoint: string,
  quote: (text: string) => string,
): ServerError | ReplyError {
  const fault = ErrorReply.safeParse(jsonIn(text)).data?.error;
  const words = fault?.message || text || STATUS_CODES[status ?? 0] || "";
  const said = `${endpoint} answered${status === null ? "" : ` ${status}`}: ${quote(words)}`;
  if (fault?.type === "exceed_context_size_error" || (status === 400 && TOO_LONG.test(words))) {
    return new ContextError(`The prompt is too long for the language model, ${said}`, {
      promptTokens: fault?.n_prompt_tokens ?? null,
      contextSize: fault?.n_ctx ?? null,
    });
  }
  if (status === 429 || status === 503) {
    return new ServerError("LLM_BUSY", `The language model is busy, ${said}`, { retryAfterMs });
  }
  if (NO_PICTURES.test(words)) {
    return new ReplyError("LLM_NO_PICTURES", `The language model takes no pictures, or fewer, ${said}`);
  }
  if (NOT_UNDERSTOOD.test(words)) {
    return new ReplyError("LLM_REPLY_UNUSABLE", `The language model's answer cannot be used, ${said}`);
  }
  if (status === null || status >= 500) return new ServerError("LLM_FAILED", `The language model failed, ${said}`);
  return new ReplyError("LLM_REFUSED", `The language model refused the request, ${said}`);
}
