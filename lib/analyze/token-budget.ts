/** How many tokens a prompt may have, and how many it has. */
import type { ContextError } from "./llama-errors.ts";

/** Where a model runs: what it knows of its context and of its tokens. */
export interface TokenSource {
  /** Tokens that prompt and answer may have together; null where the server does not say. */
  readonly contextSize: number | null;
  /** The tokens of a text as the model reads it; null where the server cannot tell. */
  countTokens(text: string): Promise<number | null>;
}

/** What a chat template puts around the two parts of a prompt: some 20 tokens with the usual ones. */
const TEMPLATE_TOKENS = 64;

/**
 * How many more tokens a server counts than a tokeniser of another model: the reference measured 1.35 times as many
 * (Qwen3-VL on llama.cpp, against tiktoken's cl100k_base), and allows for 1.5.
 */
const SAFETY_FACTOR = 1.5;

/** The tokens that are left for the prompt. */
export function promptBudget(contextSize: number, answerTokens: number): number {
  return contextSize - answerTokens - TEMPLATE_TOKENS;
}

/**
 * The tokens that are left, as they were counted for a prompt of `tokens` that the server has found too long: as much
 * fewer as it has said; half as many where it did not say.
 */
export function shorterBudget(
  tokens: number,
  { promptTokens, contextSize }: Pick<ContextError, "promptTokens" | "contextSize">,
  answerTokens: number,
): number {
  const isSaid = promptTokens !== null && contextSize !== null;
  const share = isSaid ? promptBudget(contextSize, answerTokens) / promptTokens : 0.5;
  return Math.floor(tokens * share);
}

/**
 * The tokens of a text where nobody can count them, on the safe side. Four letters make a token, as English has them;
 * digits and signs are tokens of their own, as many models read them; of other scripts two bytes are one.
 */
export function estimateTokens(text: string): number {
  const letters = text.match(/[a-z]/gi)?.length ?? 0;
  const signs = text.match(/[^a-z\s\u0080-\u{10ffff}]|\n/giu)?.length ?? 0;
  const others = Buffer.byteLength(text.replace(/[\0-\x7f]/g, ""));
  return Math.ceil((letters / 4 + signs + others / 2) * SAFETY_FACTOR);
}
