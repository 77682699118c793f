/** When a picture was taken: the time in its file name, else the file's own. */
import { basename } from "node:path";
import { Temporal } from "temporal-polyfill";
import { toIso } from "../domain/time.ts";

/** `YYYYMMDD-HHMMSS` or `YYYYMMDD_HHMMSS`, as Foscam writes it (`MDAlarm_20260911-123100.jpg`). */
const NAME_TIME = /(?<!\d)(\d{4})(\d{2})(\d{2})[-_](\d{2})(\d{2})(\d{2})(?!\d)/g;

/** A camera's clock may be this far ahead of ours. */
const FUTURE_ALLOWED_MS = 5 * 60_000;

export interface CaptureTime {
  /** UTC, ISO 8601 with `Z`. */
  readonly capturedAt: string;
  /** A sentence for people, where a time had to be set aside. */
  readonly warning: string | null;
}

/**
 * The capture time of a file, of which `name` may be a path. A time in its name is the camera's wall time in
 * `timeZone` (IANA): in the hour that an autumn night has twice, the first; in the hour that a spring night skips, the
 * same distance after the gap. A name without a time leaves the file's modification time. A time more than five
 * minutes after `receivedMs` is not believed: the next best one is taken, with a warning. Throws a RangeError for a
 * time zone that does not exist.
 */
export function captureTime(file: {
  name: string;
  mtimeMs: number;
  receivedMs: number;
  timeZone: string;
}): CaptureTime {
  const latest = file.receivedMs + FUTURE_ALLOWED_MS;
  const named = nameTime(basename(file.name), file.timeZone);
  if (named !== null && named <= latest) return { capturedAt: toIso(named), warning: null };

  const mtimeIsBelieved = file.mtimeMs <= latest;
  const capturedAt = toIso(mtimeIsBelieved ? file.mtimeMs : file.receivedMs);
  if (named === null && mtimeIsBelieved) return { capturedAt, warning: null };
  const instead = `${mtimeIsBelieved ? "its modification time" : "the time of arrival"} counts instead`;
  const warning =
    named === null
      ? `the modification time lies in the future, so ${instead}; check the clock of the machine that wrote the file`
      : `the time in the name lies in the future (${toIso(named)}, read in ${file.timeZone}), so ${instead}; check the camera's clock and its time zone`;
  return { capturedAt, warning };
}

/** Milliseconds since 1970 of the first real time in a file name; null where it has none. */
function nameTime(name: string, timeZone: string): number | null {
  for (const match of name.matchAll(NAME_TIME)) {
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
    if (!isWallTime(year, month, day, hour, minute, second)) continue;
    return new Temporal.PlainDateTime(year, month, day, hour, minute, second).toZonedDateTime(timeZone, {
      disambiguation: "compatible",
    }).epochMilliseconds;
  }
  return null;
}

/** Whether the calendar and the clock have it: digits such as 20261399_999999 are a serial number. */
function isWallTime(year: number, month: number, day: number, hour: number, minute: number, second: number): boolean {
  // 00000101 is a clock that was never set, and times before 1970 are no camera's.
  if (year < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return false;
  return day >= 1 && day <= Temporal.PlainYearMonth.from({ year, month }).daysInMonth;
}
