/** When a picture was taken: the time in its file name, else the file's own. */
import type { Temporal } from "temporal-polyfill";
import { toIso } from "../domain/time.ts";
import { nameTime } from "./name-time.ts";

/** A camera's clock may be this far ahead of ours. */
const FUTURE_ALLOWED_MS = 5 * 60_000;
/** What a file system says is from before has a clock that was never set. */
const EARLIEST_MS = Date.UTC(2000);

export interface FileTimes {
  /** May be a path; below the camera's folder is enough. */
  readonly name: string;
  readonly mtimeMs: number;
  readonly receivedMs: number;
  /** IANA. */
  readonly timeZone: string;
}

export interface CaptureTime {
  /** UTC, ISO 8601 with `Z`. */
  readonly capturedAt: string;
  /** A sentence for people, where a time had to be set aside. */
  readonly warning: string | null;
}

/**
 * The capture time of a file. A time in its name is the camera's wall time in `timeZone`, unless it says otherwise. A
 * name without a time leaves the file's modification time. A time more than five minutes after `receivedMs`, or a
 * modification time before 2000, is not believed: the next best one is taken, with a warning. Throws a RangeError where
 * the time zone is needed and does not exist.
 */
export function captureTime(file: FileTimes): CaptureTime {
  const named = namedMs(file);
  const latest = file.receivedMs + FUTURE_ALLOWED_MS;
  if (named !== null && named <= latest) return { capturedAt: toIso(named), warning: null };

  const believed = isMtimeBelieved(file);
  const capturedAt = toIso(believed ? file.mtimeMs : file.receivedMs);
  if (named === null && believed) return { capturedAt, warning: null };
  const instead = `${believed ? "its modification time" : "the time of arrival"} counts instead`;
  const wrong = file.mtimeMs > latest ? "in the future" : "before the year 2000";
  const warning =
    named === null
      ? `the modification time lies ${wrong}, so ${instead}; check the clock of the machine that wrote the file`
      : `the time in the name lies in the future (${toIso(named)}, read in ${file.timeZone}), so ${instead}; check the camera's clock and its time zone`;
  return { capturedAt, warning };
}

function isMtimeBelieved({ mtimeMs, receivedMs }: FileTimes): boolean {
  return mtimeMs >= EARLIEST_MS && mtimeMs <= receivedMs + FUTURE_ALLOWED_MS;
}

/** Milliseconds since 1970 of the time in the name; null where it has none. */
function namedMs(file: FileTimes): number | null {
  const time = nameTime(file.name);
  if (time === null) return null;
  if (time.kind === "instant") return time.epochMs;
  const writtenMs = isMtimeBelieved(file) ? file.mtimeMs : file.receivedMs;
  return wallMs(time.wall, file.timeZone, writtenMs + FUTURE_ALLOWED_MS);
}

/**
 * Milliseconds since 1970 of a wall time. In the hour that a spring night skips, as far after the gap; in the hour that
 * an autumn night has twice, the second time unless that is later than `latestMs`: a file is written soon after its
 * picture was taken.
 */
function wallMs(wall: Temporal.PlainDateTime, timeZone: string, latestMs: number): number {
  const second = wall.toZonedDateTime(timeZone, { disambiguation: "later" });
  const isSkipped = !second.toPlainDateTime().equals(wall);
  if (isSkipped || second.epochMilliseconds <= latestMs) return second.epochMilliseconds;
  return wall.toZonedDateTime(timeZone, { disambiguation: "earlier" }).epochMilliseconds;
}
