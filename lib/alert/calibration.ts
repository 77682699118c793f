/**
 * Alert thresholds that follow what people say: where a camera's alerts are called false, they ask for a higher score,
 * where it missed something, for a lower one. The bands between levels never move.
 */
import type { Calibration, GivenFeedback } from "../domain/feedback.ts";
import type { RiskBands } from "../domain/risk.ts";
import { balance, weigh } from "./feedback-weights.ts";

/** What the form's own threshold weighs. */
const PRIOR = 10;

export interface CalibrationOptions {
  /** The most points that it moves, either way. */
  readonly limit: number;
  /** Whether the event shows a person: what is said of others must not make it harder for one to be noticed. */
  readonly hasPerson: boolean;
}

/** By how much thresholds move after what was said of one camera's events; null where nothing was. `now` is in ms since 1970. */
export function calibrate(
  given: readonly GivenFeedback[],
  { limit, hasPerson }: CalibrationOptions,
  now: number,
): Calibration | null {
  const concerns = ({ traits }: GivenFeedback) => (traits.groups.includes("person") === hasPerson ? 1 : 0);
  const { weights, words } = weigh(given, concerns, now);
  if (words.length === 0) return null;
  // Else it may be -0.
  const points = Math.round(-limit * balance(weights, PRIOR)) || 0;
  const [against, pro, agreeing] = [weights.against, weights.for, weights.agreeing].map((sum) => sum.toFixed(2));
  const sum = `${limit} × (${against} against - ${pro} for) / (${pro} + ${against} + ${agreeing} agreeing + ${PRIOR})`;
  return { points, detail: `${sum} = ${points}` };
}

/** A threshold that has moved: it does not rise out of reach of what is critical. */
export function calibrated(threshold: number, { points }: Calibration, { highMax }: RiskBands): number {
  return Math.min(Math.max(threshold + points, 0), Math.max(threshold, highMax + 1));
}
