/** When something holds: on some days, between two times of the clock on the wall. */
import { Temporal } from "temporal-polyfill";
import { z } from "zod";

/** In the order of ISO 8601, from 1 on. */
const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time such as 22:30");

/** IANA time zone, or empty for that of the camera or the site. */
const TimeZone = z
  .string()
  .trim()
  .refine((name) => name === "" || isTimeZone(name), "must be a time zone such as Europe/Berlin");

export const Schedule = z.object({
  /** The days on which it starts; none stands for every day. */
  days: z.array(z.enum(WEEKDAYS)).default([]),
  from: TimeOfDay,
  /** Not later than `from`: on the day after. */
  to: TimeOfDay,
  timeZone: TimeZone.default(""),
});
export type Schedule = z.infer<typeof Schedule>;

/**
 * Whether an instant (milliseconds since 1970) is in a schedule, `from` included and `to` not. It counts for the day on
 * which it started: Friday from 22:00 to 06:00 holds until Saturday at 06:00. What counts is the clock on the wall: an hour
 * that it repeats is there twice, one that it skips is not.
 */
export function isScheduled({ days, from, to, timeZone }: Schedule, instant: number, localTimeZone: string): boolean {
  const local = localTimeOf(instant, timeZone || localTimeZone);
  const time = local.toPlainTime().toString({ smallestUnit: "minute" });
  const isOvernight = to <= from;
  const isInside = isOvernight ? time >= from || time < to : time >= from && time < to;
  const startDay = isOvernight && time < from ? local.subtract({ days: 1 }) : local;
  const weekday = WEEKDAYS[startDay.dayOfWeek - 1];
  return isInside && (days.length === 0 || days.some((day) => day === weekday));
}

/** The weekday and the time of an instant, as people say it: `fri 23:10`. */
export function clockAt(instant: number, timeZone: string): string {
  const local = localTimeOf(instant, timeZone);
  return `${WEEKDAYS[local.dayOfWeek - 1]} ${local.toPlainTime().toString({ smallestUnit: "minute" })}`;
}

/** A schedule in words: `fri, sat 22:00 to 06:00`. */
export function scheduleText({ days, from, to }: Schedule): string {
  return `${days.length === 0 ? "daily" : days.join(", ")} ${from} to ${to}`;
}

function localTimeOf(instant: number, timeZone: string): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone).toPlainDateTime();
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
