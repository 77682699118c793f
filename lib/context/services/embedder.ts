/** What makes of the look of somebody or something a vector that can be compared with others. */
import { z } from "zod";
import { ReplyError } from "../../resilience/errors.ts";

export interface Embedding {
  /** Of length 1. */
  readonly vector: Float32Array;
  /** Only vectors of one model, and of as many numbers, can be compared. */
  readonly modelId: string;
}

export interface Embedder {
  /** For people: the server's address. */
  readonly name: string;
  /**
   * The vector of a picture that shows one thing, cut out. Throws `ServerError` AI_… (the server's fault, or that it is
   * away), `ReplyError` AI_REFUSED or AI_GARBAGE (nothing can be made of this picture), or the signal's reason.
   */
  embed(jpeg: Buffer, signal: AbortSignal): Promise<Embedding>;
  close(): Promise<void>;
}

/** A server that has not made a vector by then hangs; who waits has a shorter time of his own. */
export const EMBED_TIMEOUT_MS = 15_000;

/** A vector as servers send it: OSNet's has 512 numbers, CLIP's 768, and the longest that are known have some thousand. */
export const Vector = z.array(z.number()).min(64).max(8192);

/** A vector's direction. Throws `ReplyError` AI_GARBAGE for one that has none. */
export function embeddingOf(values: readonly number[], modelId: string): Embedding {
  const length = Math.hypot(...values);
  if (!Number.isFinite(length) || length === 0) {
    throw new ReplyError("AI_GARBAGE", `The model ${modelId} answered a vector without a direction`);
  }
  return { vector: Float32Array.from(values, (value) => value / length), modelId };
}
