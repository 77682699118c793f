/** The prompt for an event, as much of it as there is room for. */
import type { Batch } from "../../domain/batch.ts";
import type { Camera } from "../../domain/camera.ts";
import { toMillis } from "../../domain/time.ts";
import { ReplyError } from "../../resilience/errors.ts";
import { estimateTokens, type TokenSource } from "../token-budget.ts";
import { eventText } from "./event.ts";
import { type BoxForm, type KeyPicture, pictureTokens, promptPictures, type ShownPictures } from "./pictures.ts";
import type { Prompt } from "./prompt.ts";
import { sectionsOf, type Tier, tierOf } from "./sections.ts";

/** More of them say little more, and small models lose count. */
const MOST_DETECTIONS = 40;

export interface FitInput {
  /** The fixed part. */
  readonly system: string;
  readonly batch: Batch;
  readonly camera: Camera;
  /** What the model is shown; absent where the fixed part says that it gets no picture. */
  readonly shown?: FitPictures | undefined;
  /** The tokens that the prompt may have. */
  readonly budget: number;
  /** Counts them; without it, or where it cannot, they are estimated. */
  readonly tokens: Pick<TokenSource, "countTokens"> | null;
}

export interface FitPictures extends ShownPictures {
  readonly boxes: BoxForm;
  /** How many tokens each was found to take, where that may be more than we think. */
  readonly tokensEach?: number;
}

export interface FittedPrompt {
  readonly prompt: Prompt;
  readonly tier: Tier;
  /** As they were counted or estimated. */
  readonly tokens: number;
  /** Those of them that are not the pictures'. */
  readonly textTokens: number;
}

/**
 * The prompt that tells the most within the budget. What there is no room for is left out in a fixed order, and the prompt
 * says so: first all pictures but the best, each of which takes the room of dozens of detections; then the sections, then the
 * less confident detections down to one, and the best picture last, because the rest is about it. A larger budget never
 * tells less. The tokens are counted once where all has room, else once for each halving of what could be left out.
 * @throws ReplyError `LLM_CONTEXT_SMALL` where not even the least has room
 */
export async function fitPrompt({ system, batch, camera, shown, budget, tokens }: FitInput): Promise<FittedPrompt> {
  const pictures = shown?.pictures ?? [];
  const sections = sectionsOf(batch);
  const detections = Math.min(batch.detections.length, MOST_DETECTIONS);
  const order = [
    Math.max(0, pictures.length - 1),
    sections.length,
    Math.max(0, detections - 1),
    Math.min(1, pictures.length),
  ];
  const tokensOf = (picture: KeyPicture) => Math.max(shown?.tokensEach ?? 0, pictureTokens(picture));
  let least = 0;

  /** With so many things left out; null where that is too long. */
  const attempt = async (leftOut: number): Promise<FittedPrompt | null> => {
    const [furtherPictures = 0, lesserSections = 0, lesserDetections = 0, bestPicture = 0] = inTurn(order, leftOut);
    const unseen = furtherPictures + bestPicture;
    const seen = pictures.slice(0, pictures.length - unseen);
    const told = sections.slice(lesserSections);
    const user = eventText({
      batch,
      camera,
      sections: told,
      leftOut: [
        ...(unseen === 0 ? [] : [unseen === 1 ? "1 picture" : `${unseen} pictures`]),
        ...sections.slice(0, lesserSections).map(({ title }) => title),
      ],
      most: detections - lesserDetections,
      pictures: shown ? { shown: seen.length, missing: shown.missing } : null,
    });
    const captioned = promptPictures(seen, toMillis(batch.started_at), shown?.boxes ?? "none");
    const text = `${system}\n\n${captioned.map(({ caption }) => caption).join("")}${user}`;
    const textTokens = (await tokens?.countTokens(text)) ?? estimateTokens(text);
    least = seen.reduce((sum, picture) => sum + tokensOf(picture), textTokens);
    if (least > budget) return null;
    const prompt = { system, user, ...(seen.length > 0 && { pictures: captioned }) };
    return { prompt, tier: tierOf(told, seen), tokens: least, textTokens };
  };

  let fitted = await attempt(0);
  if (fitted) return fitted;
  // With a larger budget the search takes the same steps, up to a text that fits only that: from there it tells more.
  let low = 1;
  let high = order.reduce((sum, count) => sum + count, 1);
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

/** How many of each kind go, where so many go in all, and those of the first kinds go first. */
function inTurn(counts: readonly number[], all: number): number[] {
  let left = all;
  return counts.map((count) => {
    const going = Math.min(left, count);
    left -= going;
    return going;
  });
}
