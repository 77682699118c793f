/**
 * The score by which an event is decided on, once people have said what they think of events like it. The model's own
 * score stays what it was; how far the other one is from it follows from a sum that the record keeps.
 */
import type { Adjustment, GivenFeedback, Traits } from "../domain/feedback.ts";
import type { RiskBands } from "../domain/risk.ts";
import { balance, type Weights, weigh } from "./feedback-weights.ts";
import { similarity } from "./similarity.ts";

/** What the model's own judgement weighs: one word moves a quarter of the way to the limit, five move five eighths. */
export const PRIOR = 3;
/** The most points that feedback moves a score. */
export const MOST_DOWN = 40;
export const MOST_UP = 30;
/** So many of the words that counted are named. */
const MOST_NAMED = 5;

/** An event, as the model has judged it. */
export interface ScoredEvent {
  /** 0 to 100. */
  readonly risk_score: number;
  readonly traits: Traits;
}

/**
 * How feedback moves an event's score; null where nothing was said of events like it. What the model calls critical stays
 * at least high, and nothing becomes critical by feedback. `now` is in milliseconds since 1970.
 */
export function adjust(
  { risk_score, traits }: ScoredEvent,
  given: readonly GivenFeedback[],
  bands: RiskBands,
  now: number,
): Adjustment | null {
  const { weights, words } = weigh(given, (word) => similarity(word.traits, traits), now);
  if (words.length === 0) return null;
  const share = balance(weights, PRIOR);
  const limit = share < 0 ? MOST_DOWN : MOST_UP;
  const { least, most } = boundsOf(risk_score, bands);
  const wanted = Math.round(risk_score + limit * share);
  const effective_score = Math.min(Math.max(wanted, least), most);
  return {
    ...weights,
    prior: PRIOR,
    limit,
    points: effective_score - risk_score,
    effective_score,
    detail: detailOf(risk_score, weights, limit, wanted, effective_score),
    count: words.length,
    heaviest: words.slice(0, MOST_NAMED),
  };
}

function boundsOf(score: number, { mediumMax, highMax }: RiskBands): { least: number; most: number } {
  return score > highMax ? { least: mediumMax + 1, most: 100 } : { least: 0, most: highMax };
}

function detailOf(score: number, weights: Weights, limit: number, wanted: number, effective: number): string {
  const [against, pro, agreeing] = [weights.against, weights.for, weights.agreeing].map((sum) => sum.toFixed(2));
  const sum = `${score} + ${limit} × (${pro} for - ${against} against) / (${pro} + ${against} + ${agreeing} agreeing + ${PRIOR}) = ${wanted}`;
  return wanted === effective ? sum : `${sum}, limited to ${effective}`;
}
