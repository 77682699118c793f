/** Has a model judge; an answer that cannot be used it may mend, once, and a prompt that is too long is shortened, once. */
import { ReplyError } from "../resilience/errors.ts";
import type { Usage } from "./judge.ts";
import type { LlamaClient, LlamaReply } from "./llama-client.ts";
import { ContextError } from "./llama-errors.ts";
import type { Prompt } from "./prompts/prompt.ts";
import { parseVerdict, UnusableReply } from "./reply.ts";
import type { ModelVerdict } from "./verdict.ts";

/** What came of it: a verdict, or why there is none. */
export type Answer = Reading & {
  readonly model: string | null;
  /** Of both requests, where there were two. */
  readonly usage: Usage;
};

type Reading = { readonly verdict: ModelVerdict } | { readonly failure: UnusableReply };

/**
 * Asks for a verdict. A model whose answer cannot be used is told what is wrong with it and asked once more.
 * @throws ServerError, ReplyError as `LlamaClient.judge` does
 */
export async function askForVerdict(
  client: Pick<LlamaClient, "judge">,
  prompt: Prompt,
  signal: AbortSignal,
): Promise<Answer> {
  const first = await client.judge(prompt, signal);
  const reading = read(first);
  const answer = { ...reading, model: first.model, usage: usageOf(first) };
  if ("verdict" in reading) return answer;

  const repair = { reply: first.content, problem: reading.failure.problem };
  try {
    const second = await client.judge({ ...prompt, repair }, signal);
    return { ...read(second), model: second.model, usage: sum(answer.usage, usageOf(second)) };
  } catch (error) {
    // A prompt that has become too long: there is nothing but the first answer.
    if (error instanceof ReplyError) return answer;
    throw error;
  }
}

/**
 * The same with a prompt that was fitted to the model's context, as we count its tokens. Where the server counts otherwise,
 * it gets the shorter one that `shorten` makes. The answer names the prompt that was answered.
 * @throws ServerError, ReplyError as `LlamaClient.judge` does, and what `shorten` throws
 */
export async function askFitting<P extends { readonly prompt: Prompt }>(
  client: Pick<LlamaClient, "judge">,
  fitted: P,
  shorten: (error: ContextError) => Promise<P>,
  signal: AbortSignal,
): Promise<Answer & { readonly fitted: P }> {
  try {
    return { ...(await askForVerdict(client, fitted.prompt, signal)), fitted };
  } catch (error) {
    if (!(error instanceof ContextError)) throw error;
    const shorter = await shorten(error);
    return { ...(await askForVerdict(client, shorter.prompt, signal)), fitted: shorter };
  }
}

function read({ content, isCut }: LlamaReply): Reading {
  try {
    if (isCut) throw new UnusableReply("it was cut off at the token limit and must be shorter", content);
    return { verdict: parseVerdict(content) };
  } catch (error) {
    if (error instanceof UnusableReply) return { failure: error };
    throw error;
  }
}

function usageOf({ promptTokens, completionTokens, cachedTokens, latencyMs }: LlamaReply): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    cached_tokens: cachedTokens,
    latency_ms: latencyMs,
  };
}

function sum(first: Usage, second: Usage): Usage {
  return {
    prompt_tokens: add(first.prompt_tokens, second.prompt_tokens),
    completion_tokens: add(first.completion_tokens, second.completion_tokens),
    cached_tokens: add(first.cached_tokens, second.cached_tokens),
    latency_ms: add(first.latency_ms, second.latency_ms),
  };
}

/** Half of a sum would be an invented number. */
function add(first: number | null, second: number | null): number | null {
  return first === null || second === null ? null : first + second;
}
