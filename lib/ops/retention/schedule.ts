/** When a daily run is due. */
import { Temporal } from "temporal-polyfill";

/**
 * The first time after `now` at which clocks in an IANA time zone show `time` (`HH:MM`), once a day: at a time that the
 * spring change leaves out an hour later, of a time that the autumn change repeats the first. Milliseconds since 1970.
 */
export function nextDaily(time: string, timeZone: string, now: number): number {
  return daily(time, timeZone, now, (due) => due > now, 1);
}

/** The last such time, by `now`. */
export function lastDaily(time: string, timeZone: string, now: number): number {
  return daily(time, timeZone, now, (due) => due <= now, -1);
}

function daily(time: string, timeZone: string, now: number, fits: (due: number) => boolean, step: 1 | -1): number {
  const plainTime = Temporal.PlainTime.from(time);
  let date = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone).toPlainDate();
  for (;;) {
    const due = date.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds;
    if (fits(due)) return due;
    date = date.add({ days: step });
  }
}
