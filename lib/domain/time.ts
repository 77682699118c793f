/** Times as they flow: UTC, ISO 8601 with milliseconds and `Z`, so that comparing them as text orders them. */
import { z } from "zod";

/** Any ISO 8601 time with `Z` or an offset; normalised to `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
export const IsoTime = z.iso.datetime({ offset: true, abort: true }).overwrite(toIso);

/** `YYYY-MM-DDTHH:MM:SS.mmmZ` of milliseconds since 1970, or of anything that `Date` reads. */
export function toIso(time: number | string): string {
  return new Date(time).toISOString();
}

/** Milliseconds since 1970 of an ISO time. */
export function toMillis(iso: string): number {
  return Date.parse(iso);
}
