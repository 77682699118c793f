/** The day at a place. */
import { Temporal } from "temporal-polyfill";
import { toIso } from "./time.ts";

/** When the day of an instant (milliseconds since 1970) began in an IANA time zone, as ISO time. */
export function dayStart(now: number, timeZone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone);
  return toIso(local.startOfDay().epochMilliseconds);
}
