/** What people's words weigh: each by what it says, how much it concerns the case, and how old it is. */
import type { FeedbackKind, GivenFeedback } from "../domain/feedback.ts";
import { RISK_LEVELS } from "../domain/risk.ts";
import { toMillis } from "../domain/time.ts";

/** Days after which a word counts half. */
const HALF_LIFE_DAYS = 90;
const DAY_MS = 24 * 60 * 60_000;

/** The summed weights of what was said, to two decimals, so that anybody can add them up again. */
export interface Weights {
  /** It was less than the model said. */
  readonly against: number;
  /** It was more. */
  readonly for: number;
  /** It was what the model said. */
  readonly agreeing: number;
}

export interface WeighedWord {
  readonly event_id: string;
  readonly kind: FeedbackKind;
  /** 0.01 to 1. */
  readonly weight: number;
}

/** Those words that weigh anything, the heaviest first, and their sums; `concern` is 0 to 1, `now` in ms since 1970. */
export function weigh(
  given: readonly GivenFeedback[],
  concern: (word: GivenFeedback) => number,
  now: number,
): { weights: Weights; words: WeighedWord[] } {
  const sums = { against: 0, for: 0, agreeing: 0 };
  const words: WeighedWord[] = [];
  for (const word of given) {
    const weight = hundredths(concern(word) * 0.5 ** (age(word, now) / HALF_LIFE_DAYS));
    const { side, share } = meaningOf(word);
    const counted = hundredths((weight / 100) * share);
    if (counted === 0) continue;
    sums[side] += counted;
    words.push({ event_id: word.event_id, kind: word.kind, weight: counted / 100 });
  }
  words.sort((one, other) => other.weight - one.weight || (one.event_id < other.event_id ? -1 : 1));
  const weights = { against: sums.against / 100, for: sums.for / 100, agreeing: sums.agreeing / 100 };
  return { weights, words };
}

/**
 * How far to go, -1 to 1: what was said for and against, of all that was said and of the model's own weight. One word
 * more against it never raises it, one for it never lowers it, and one that agrees brings it nearer to 0.
 */
export function balance({ against, for: pro, agreeing }: Weights, prior: number): number {
  return (pro - against) / (pro + against + agreeing + prior);
}

/** Which way a word pulls, and how much of its weight: a severity that was wrong by one level less than by three. */
function meaningOf({ kind, severity, expected_severity }: GivenFeedback): { side: keyof Weights; share: number } {
  if (kind === "false_alarm") return { side: "against", share: 1 };
  if (kind === "missed") return { side: "for", share: 1 };
  if (kind === "correct") return { side: "agreeing", share: 1 };
  if (severity === null || expected_severity === null) return { side: "agreeing", share: 0 };
  const levels = RISK_LEVELS.indexOf(expected_severity) - RISK_LEVELS.indexOf(severity);
  if (levels === 0) return { side: "agreeing", share: 1 };
  return { side: levels < 0 ? "against" : "for", share: Math.abs(levels) / (RISK_LEVELS.length - 1) };
}

/** In days; what a clock that was set back has made the future is new. */
function age({ given_at }: GivenFeedback, now: number): number {
  return Math.max(now - toMillis(given_at), 0) / DAY_MS;
}

function hundredths(weight: number): number {
  return Math.round(weight * 100);
}
