/** The prompt for an event, as much of it as there is room for. */
import type { Batch } from "../../domain/batch.ts";
import type { Camera } from "../../domain/camera.ts";
import { ReplyError } from "../../resilience/errors.ts";
import { estimateTokens, type TokenSource } from "../token-budget.ts";
import { eventText } from "./event.ts";
import type { Prompt } from "./prompt.ts";
import { sectionsOf, type Tier, tierOf } from "./sections.ts";

/** More of them say little more, and small models lose count. */
const MOST_DETECTIONS = 40;

export interface FitInput {
  /** The fixed part. */
  readonly system: string;
  readonly batch: Batch;
  readonly camera: Camera;
  /** The tokens that the prompt may have. */
  readonly budget: number;
  /** Counts them; without it, or where it cannot, they are estimated. */
  readonly tokens: Pick<TokenSource, "countTokens"> | null;
}

export interface FittedPrompt {
  readonly prompt: Prompt;
  readonly tier: Tier;
  /** As they were counted or estimated. */
  readonly tokens: number;
}

/**
 * The prompt that tells the most within the budget. What there is no room for is left out in a fixed order, first the
 * sections, then the less confident detections down to one, and the prompt says so; a larger budget never tells less. The
 * tokens are counted once where all has room, else once for each halving of what could be left out.
 * @throws ReplyError `LLM_CONTEXT_SMALL` where not even the least has room
 */
export async function fitPrompt({ system, batch, camera, budget, tokens: source }: FitInput): Promise<FittedPrompt> {
  const sections = sectionsOf(batch);
  const detections = Math.min(batch.detections.length, MOST_DETECTIONS);
  let least = 0;

  /** With so many things left out; null where that is too long. */
  const attempt = async (leftOut: number): Promise<FittedPrompt | null> => {
    const told = sections.slice(leftOut);
    const user = eventText({
      batch,
      camera,
      sections: told,
      leftOut: sections.slice(0, leftOut).map(({ title }) => title),
      most: detections - Math.max(0, leftOut - sections.length),
    });
    const text = `${system}\n\n${user}`;
    const tokens = (await source?.countTokens(text)) ?? estimateTokens(text);
    least = tokens;
    return tokens <= budget ? { prompt: { system, user }, tier: tierOf(told), tokens } : null;
  };

  let fitted = await attempt(0);
  if (fitted) return fitted;
  // With a larger budget the search takes the same steps, up to a text that fits only that: from there it tells more.
  let low = 1;
  let high = sections.length + Math.max(1, detections);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const shorter = await attempt(middle);
    if (shorter) {
      fitted = shorter;
      high = middle;
    } else low = middle + 1;
  }
  if (fitted) return fitted;
  throw new ReplyError(
    "LLM_CONTEXT_SMALL",
    `The model's context has room for a prompt of ${budget} tokens, and the shortest has ${least}: give the server a larger context, or shorten what the form says of the household`,
  );
}
