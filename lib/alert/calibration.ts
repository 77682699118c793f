/**
 * Alert thresholds that follow what people say: where a camera's alerts are called false, they ask for a higher score,
 * where it missed something, for a lower one. The bands between levels never move.
 */
import type { GivenFeedback } from "../domain/feedback.ts";
import type { RiskBands } from "../domain/risk.ts";
import { balance, weigh } from "./feedback-weights.ts";

/** What the form's own threshold weighs. */
export const PRIOR = 10;

export interface Calibration {
  /** The score from which it alerts now. */
  readonly threshold: number;
  /** How the form's threshold became that, as a sum. */
  readonly detail: string;
}

export interface CalibrationOptions {
  /** The most points that it moves, either way. */
  readonly limit: number;
  readonly bands: RiskBands;
  /** Whether the event shows a person: what is said of others must not make it harder for one to be noticed. */
  readonly hasPerson: boolean;
}

/**
 * The threshold that a rule's own becomes by what was said of one camera's events; null where nothing was. It never
 * rises out of reach of what is critical. `now` is in milliseconds since 1970.
 */
export function calibrate(
  threshold: number,
  given: readonly GivenFeedback[],
  { limit, bands, hasPerson }: CalibrationOptions,
  now: number,
): Calibration | null {
  const { weights, words } = weigh(
    given,
    ({ traits }) => (traits.groups.includes("person") === hasPerson ? 1 : 0),
    now,
  );
  if (words.length === 0) return null;
  const wanted = Math.round(threshold - limit * balance(weights, PRIOR));
  const most = Math.max(threshold, bands.highMax + 1);
  const calibrated = Math.min(Math.max(wanted, 0), most);
  const [against, pro, agreeing] = [weights.against, weights.for, weights.agreeing].map((sum) => sum.toFixed(2));
  const sum = `${threshold} - ${limit} × (${pro} for - ${against} against) / (${pro} + ${against} + ${agreeing} agreeing + ${PRIOR})`;
  return { threshold: calibrated, detail: `${sum} = ${calibrated}` };
}
