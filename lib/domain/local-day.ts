/** The day at a place: from midnight to midnight on its clock. */
import { Temporal } from "temporal-polyfill";
import { toIso } from "./time.ts";

export interface LocalDay {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** When it begins, and when the next one does, in milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
}

/** The day of an instant (milliseconds since 1970) in an IANA time zone, or the one so many days before. */
export function localDay(now: number, timeZone: string, daysBefore = 0): LocalDay {
  const date = Temporal.Instant.fromEpochMilliseconds(now)
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .subtract({ days: daysBefore });
  return {
    date: date.toString(),
    startMs: date.toZonedDateTime(timeZone).epochMilliseconds,
    endMs: date.add({ days: 1 }).toZonedDateTime(timeZone).epochMilliseconds,
  };
}

/** When the day of an instant (milliseconds since 1970) began in an IANA time zone, as ISO time. */
export function dayStart(now: number, timeZone: string): string {
  return toIso(localDay(now, timeZone).startMs);
}

/** Minutes since midnight, 0 to 1439, of an ISO time on the clock of an IANA time zone. */
export function minuteOfDay(iso: string, timeZone: string): number {
  const { hour, minute } = Temporal.Instant.from(iso).toZonedDateTimeISO(timeZone);
  return hour * 60 + minute;
}
