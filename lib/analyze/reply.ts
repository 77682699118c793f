/** From the text a model wrote to a verdict: strict, because a guessed verdict is worse than none. */
import { ReplyError } from "../resilience/errors.ts";
import { asData } from "./sanitise.ts";
import { ModelVerdict } from "./verdict.ts";

const EXCERPT_LENGTH = 80;
const THINKING = /^<think>.*?<\/think>/s;
const FENCE = /^```[a-z]*(.*)```$/is;

/**
 * Reads a verdict. Tolerated around the JSON object are whitespace, one leading `<think>…</think>` block and one
 * markdown fence; a number outside its range is never bent to fit.
 * @throws ReplyError `LLM_REPLY_UNUSABLE` that says in one sentence why the reply cannot be used.
 */
export function parseVerdict(content: string): ModelVerdict {
  const json = content.trim().replace(THINKING, "").trim().replace(FENCE, "$1").trim();
  if (json === "") throw new ReplyError("LLM_REPLY_UNUSABLE", "The model's reply is empty");

  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw unusable("it is not a single JSON object", json, error);
  }
  const verdict = ModelVerdict.safeParse(value);
  if (!verdict.success) {
    const problems = verdict.error.issues.map((issue) => [...issue.path, issue.message].join(": "));
    throw unusable(problems.join("; "), json, verdict.error);
  }
  return verdict.data;
}

function unusable(why: string, reply: string, cause: unknown): ReplyError {
  const message = `The model's reply cannot be used, ${why}: "${asData(reply, EXCERPT_LENGTH)}"`;
  return new ReplyError("LLM_REPLY_UNUSABLE", message, { cause });
}
