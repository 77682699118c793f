/** Asks a model about a batch, with as much as it can be told and shown. */
import { type Answer, askFitting } from "../analyze/ask.ts";
import type { LlamaClient } from "../analyze/llama-client.ts";
import type { ContextError } from "../analyze/llama-errors.ts";
import type { ShownPictures } from "../analyze/prompts/pictures.ts";
import type { Batch } from "../domain/batch.ts";
import { ReplyError } from "../resilience/errors.ts";
import { type KeyPictureOptions, readKeyPictures } from "./key-pictures.ts";
import type { NodePrompts } from "./node-prompts.ts";
import type { Site } from "./site.ts";

export interface AskModelOptions {
  readonly site: Site;
  readonly nodeId: string;
  readonly client: LlamaClient;
  readonly prompts: NodePrompts;
  /** What the model is shown, if it takes pictures; absent: none. */
  readonly pictures?: Pick<KeyPictureOptions, "most" | "longestSide"> | undefined;
}

export type PromptedAnswer = Answer & { readonly promptVersion: string };

/**
 * Shows the model pictures if it takes some; where its server refuses them, it is asked without. Throws what
 * `LlamaClient.judge` and `NodePrompts.of` do, and the signal's reason.
 */
export async function askModel(batch: Batch, options: AskModelOptions, signal: AbortSignal): Promise<PromptedAnswer> {
  const { site, nodeId, client, pictures } = options;
  const isShown = pictures && client.takesPictures !== false;
  const shown = isShown ? await readKeyPictures(batch, { site, nodeId, ...pictures }, signal) : undefined;
  try {
    return await ask(batch, shown, options, signal);
  } catch (error) {
    if (!(error instanceof ReplyError) || !shown || shown.pictures.length === 0) throw error;
    site.logger.warn(`The batch ${batch.batch_id} is judged without pictures: ${error.message}`);
    return ask(batch, undefined, options, signal);
  }
}

async function ask(
  batch: Batch,
  shown: ShownPictures | undefined,
  { client, prompts }: AskModelOptions,
  signal: AbortSignal,
): Promise<PromptedAnswer> {
  const first = await prompts.of(batch, shown);
  const shorten = (error: ContextError) => prompts.shorter(batch, shown, first, error);
  const { fitted, ...answer } = await askFitting(client, first, shorten, signal);
  return { ...answer, promptVersion: fitted.promptVersion };
}
