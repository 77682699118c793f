/** Keeps the ledger's short-lived tables short. */
import type { Clock } from "../resilience/clock.ts";
import { repeat } from "../resilience/repeat.ts";
import type { Store } from "./store.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Receipts make replays harmless; nothing is replayed that is older than this. */
const KEEP_RECEIPTS_MS = 7 * 24 * HOUR_MS;
/** A picture that took the process down and has not been decoded again by then is not coming back. */
const KEEP_HAZARDS_MS = 7 * 24 * HOUR_MS;
/** No dedupe window is longer than this. */
const KEEP_CLAIMS_MS = 24 * HOUR_MS;
/** Between two pieces of what is too much for one turn. */
const REST_MS = 10;
/** A wall clock that has moved so much within the hour may be days off: what is old is told another time. */
const STEADY_MS = MINUTE_MS;

/**
 * Tidies the store each minute, and each hour of what is old, until the answer is called. `onError` hears of a store that
 * cannot.
 */
export function startMaintenance(store: Store, clock: Clock, onError: (error: unknown) => void): () => void {
  const cancelMinutes = repeat(clock, MINUTE_MS, onError, () => {
    store.transaction((tables) => tables.handovers.forgetTaken(clock.now()));
  });
  let offset = clock.now() - clock.monotonic();
  let cancelPurge = () => {};
  const purgeJobs = (before: number, after: number) => {
    try {
      const end = store.transaction((tables) => tables.jobs.purge(before, after));
      if (end !== null) cancelPurge = clock.after(REST_MS, () => purgeJobs(before, end));
    } catch (error) {
      onError(error);
    }
  };
  const cancelHours = repeat(clock, HOUR_MS, onError, () => {
    const now = clock.now();
    const before = offset;
    offset = now - clock.monotonic();
    if (Math.abs(offset - before) > STEADY_MS) return;
    store.transaction((tables) => {
      tables.handovers.forgetOpen(now - KEEP_RECEIPTS_MS);
      tables.claims.expire(now - KEEP_CLAIMS_MS);
      tables.hazards.purge(now - KEEP_HAZARDS_MS);
    });
    purgeJobs(now - KEEP_RECEIPTS_MS, 0);
  });
  return () => {
    cancelMinutes();
    cancelHours();
    cancelPurge();
  };
}
