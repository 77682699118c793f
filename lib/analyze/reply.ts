/** From the text a model wrote to a verdict: strict, because a guessed verdict is worse than none. */
import type { z } from "zod";
import { RiskScore } from "../domain/risk.ts";
import { ReplyError } from "../resilience/errors.ts";
import { findObjects, type JsonObject, type JsonValue } from "./json-objects.ts";
import { asData } from "./sanitise.ts";
import { ModelVerdict } from "./verdict.ts";

const EXCERPT_LENGTH = 80;
/** No model means more than a few; each costs time. */
const MOST_CLAIMS = 20;
/** As many faults of one verdict are named. */
const MOST_PROBLEMS = 3;

/** A model's reply from which no verdict can be read: code `LLM_REPLY_UNUSABLE`. */
export class UnusableReply extends ReplyError {
  /** What is wrong with the reply, in words that follow its name: `it holds no JSON object`. */
  readonly problem: string;

  constructor(problem: string, content: string) {
    const excerpt = asData(content, EXCERPT_LENGTH);
    super("LLM_REPLY_UNUSABLE", `The model's reply cannot be used, ${problem}${excerpt && `: "${excerpt}"`}`);
    this.problem = problem;
  }
}

/**
 * Reads a verdict: the one object in the text, or within a list or another object, that has a `risk_score` and fits.
 * Text around it, reasoning blocks, fields nobody asked for and objects that are something else do not matter. A reply
 * with two scores or two verdicts is ambiguous, and a number outside its range is never bent to fit.
 * @throws UnusableReply
 */
export function parseVerdict(content: string): ModelVerdict {
  const { objects, fault, flaw } = findObjects(content);
  if (fault !== null) throw new UnusableReply(fault, content);

  const twice = objects.find((object) => object.twice !== null)?.twice;
  if (twice !== undefined) throw new UnusableReply(`"${twice}" stands twice in its JSON object`, content);

  const claims = objects.flatMap(({ value }) => [...claimsIn(value)]);
  const scores = new Set(claims.flatMap(({ risk_score }) => RiskScore.safeParse(risk_score).data ?? []));
  const readings = claims.slice(0, MOST_CLAIMS).map((claim) => ModelVerdict.safeParse(claim));
  const different = new Map(readings.flatMap(({ data }) => (data ? [[JSON.stringify(data), data]] : [])));
  if (different.size > 1 || scores.size > 1 || claims.length > MOST_CLAIMS) {
    throw new UnusableReply("it gives more than one verdict", content);
  }
  const [verdict] = different.values();
  if (verdict) return verdict;
  const error = readings.at(-1)?.error;
  throw new UnusableReply(error ? problemsIn(error) : missing(content, objects.length > 0, flaw), content);
}

/** What has a score: the object itself, else those within it. */
function* claimsIn(value: JsonValue): Generator<JsonObject> {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) for (const item of value) yield* claimsIn(item);
  else if (Object.hasOwn(value, "risk_score")) yield value;
  else for (const member of Object.values(value)) yield* claimsIn(member);
}

function problemsIn({ issues }: z.ZodError): string {
  const problems = issues.slice(0, MOST_PROBLEMS).map(({ path, message }) => `${path.join(".")}: ${message}`);
  const more = issues.length - problems.length;
  return problems.join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function missing(content: string, hasObject: boolean, flaw: string | null): string {
  if (content.trim() === "") return "it is empty";
  if (flaw !== null) return flaw;
  return hasObject ? "its JSON object has no risk_score" : "it holds no JSON object";
}
