/** Whether as many events are high or critical as is to be expected: people stop believing scores that are inflated. */
import { RISK_LEVELS, type RiskLevel } from "../domain/risk.ts";

/** Over how many days events are counted. */
export const SHARE_DAYS = 7;
/** Fewer say nothing. */
export const LEAST_EVENTS = 50;
/** Percent of a home's events that should have each level, as nemotron-v3-home-security-intelligence tells its model. */
export const USUAL_SHARES: Readonly<Record<RiskLevel, number>> = { low: 85, medium: 10, high: 4, critical: 1 };

/** Percent of events, high and critical together, that are as they should be. */
export interface ShareRange {
  readonly min: number;
  readonly max: number;
}

export type ShareVerdict = "as expected" | "too few" | "too many" | "not enough events";

export interface LevelShares {
  readonly events: number;
  /** Percent, to one decimal, that are high or critical; null while there are not enough events. */
  readonly alarming: number | null;
  readonly verdict: ShareVerdict;
  /** Percent of each level, to one decimal; null while there is no event. */
  readonly shares: Readonly<Record<RiskLevel, number>> | null;
}

/** What the counts of a week's events by level say. */
export function levelShares(counts: Readonly<Record<RiskLevel, number>>, { min, max }: ShareRange): LevelShares {
  const events = RISK_LEVELS.reduce((sum, level) => sum + counts[level], 0);
  const percent = (count: number) => Number(((100 * count) / events).toFixed(1));
  if (events === 0) return { events, alarming: null, verdict: "not enough events", shares: null };
  const shares = {
    low: percent(counts.low),
    medium: percent(counts.medium),
    high: percent(counts.high),
    critical: percent(counts.critical),
  };
  if (events < LEAST_EVENTS) return { events, alarming: null, verdict: "not enough events", shares };
  const alarming = percent(counts.high + counts.critical);
  const verdict = alarming > max ? "too many" : alarming < min ? "too few" : "as expected";
  return { events, alarming, verdict, shares };
}
