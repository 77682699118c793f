/**
 * What is usual at a camera: how often each kind of thing appears in an hour of the day, on workdays and at weekends. An
 * hour in which nothing came counts as one, as long as the camera was up.
 */
import { Temporal } from "temporal-polyfill";

/** An hour of the day, on a workday or at a weekend: 0 to 47. */
export type Slot = number;

/** What is known of a slot. */
export interface SlotHistory {
  /** Batches in which the kind was seen. */
  readonly count: number;
  /** Hours that the camera was up. */
  readonly hours: number;
}

export interface Usualness {
  /** How often it comes in such an hour; null where nobody knows yet. */
  readonly usual_per_hour: number | null;
  /** How often it has come in this hour, this time included. */
  readonly this_hour: number;
  /** How probable it is that it comes so often in an hour that is like all others, 0 to 1; null where nobody knows yet. */
  readonly probability: number | null;
}

/** Hours of a slot below which nothing is said of it. */
export const ENOUGH_HOURS = 4;

/** The slot of an instant (milliseconds since 1970) at a place, and when that hour began. */
export function slotOf(now: number, timeZone: string): { slot: Slot; hourMs: number } {
  const local = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone);
  const isWeekend = local.dayOfWeek >= 6;
  const hourMs = local.round({ smallestUnit: "hour", roundingMode: "floor" }).epochMilliseconds;
  return { slot: local.hour + (isWeekend ? 24 : 0), hourMs };
}

/**
 * How usual it is that a kind comes for the `thisHour`th time in an hour. The number of times is taken to be Poisson, with
 * a rate that is known only as well as the history tells (Jeffreys' prior), so the prediction is negative binomial. The
 * probability is that of a whole hour: whoever calls an hour unusual the first time that it falls to p or below, does so
 * in no more than a share p of all usual hours.
 */
export function usualness(history: SlotHistory, thisHour: number): Usualness {
  const { count, hours } = history;
  if (hours < ENOUGH_HOURS) return { usual_per_hour: null, this_hour: thisHour, probability: null };
  return { usual_per_hour: count / hours, this_hour: thisHour, probability: atLeast(thisHour, count + 0.5, hours) };
}

/** The probability of `least` or more in one hour, after `shape - 0.5` in `hours`. */
function atLeast(least: number, shape: number, hours: number): number {
  const again = 1 / (hours + 1);
  let exactly = (1 - again) ** shape;
  let fewer = 0;
  for (let n = 0; n < least; n++) {
    fewer += exactly;
    exactly *= ((shape + n) / (n + 1)) * again;
  }
  return Math.max(1 - fewer, 0);
}
