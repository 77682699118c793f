/** How much what was said of one event says about another: by camera, label groups, zones, hour of the day and look. */
import type { Traits } from "../domain/feedback.ts";

/** A difference in zones, in hour or in who was recognised leaves this much of the weight, at the least. */
const LEAST = 0.25;
/** Where zones are known of one of the two events only. */
const HALF_KNOWN = 0.5;
/** So many minutes apart, on the clock, the hour of the day says the least. */
const FAR_MINUTES = 4.5 * 60;
const DAY_MINUTES = 24 * 60;
/** Who was recognised in both counts this much more. */
const SAME_LOOK = 1.5;

const PERSON = "person";

/**
 * 0, nothing alike, to 1. Events of different cameras have nothing in common, nor have those of which only one shows a
 * person: what is said of a cat must not silence a burglar.
 */
export function similarity(one: Traits, other: Traits): number {
  if (one.camera_id !== other.camera_id) return 0;
  if (one.groups.includes(PERSON) !== other.groups.includes(PERSON)) return 0;
  const groups = overlap(one.groups, other.groups);
  const weight = groups * zonesFactor(one.zones, other.zones) * hourFactor(one.minute, other.minute);
  return Math.min(weight * lookFactor(one.entities, other.entities), 1);
}

function zonesFactor(one: readonly string[], other: readonly string[]): number {
  if ((one.length === 0) !== (other.length === 0)) return HALF_KNOWN;
  return LEAST + (1 - LEAST) * overlap(one, other);
}

function hourFactor(one: number, other: number): number {
  const apart = Math.abs(one - other);
  const minutes = Math.min(apart, DAY_MINUTES - apart);
  return Math.max(1 - (1 - LEAST) * (minutes / FAR_MINUTES), LEAST);
}

/** Where nobody was recognised, look says nothing. */
function lookFactor(one: readonly string[], other: readonly string[]): number {
  if (one.length === 0 || other.length === 0) return 1;
  return one.some((entity) => other.includes(entity)) ? SAME_LOOK : LEAST;
}

/** What two sets share, of all that is in either; 1 where both are empty. */
function overlap(one: readonly string[], other: readonly string[]): number {
  const all = new Set([...one, ...other]);
  if (all.size === 0) return 1;
  return [...all].filter((each) => one.includes(each) && other.includes(each)).length / all.size;
}
