/** Keeps the ledger's short-lived tables short. */
import type { Clock } from "../resilience/clock.ts";
import type { Store } from "./store.ts";

const MINUTE_MS = 60_000;
/** Receipts make replays harmless; nothing is replayed that is older than this. */
const KEEP_RECEIPTS_MS = 7 * 24 * 60 * MINUTE_MS;
/** A picture that took the process down and has not been decoded again by then is not coming back. */
const KEEP_HAZARDS_MS = 7 * 24 * 60 * MINUTE_MS;
/** No dedupe window is longer than this. */
const KEEP_CLAIMS_MS = 24 * 60 * MINUTE_MS;

/** Tidies the store once a minute until the answer is called. `onError` hears of a store that cannot. */
export function startMaintenance(store: Store, clock: Clock, onError: (error: unknown) => void): () => void {
  let cancel = () => {};
  const tidy = () => {
    try {
      const now = clock.now();
      store.transaction((tables) => {
        tables.handovers.tidy(now, now - KEEP_RECEIPTS_MS);
        tables.jobs.purge(now - KEEP_RECEIPTS_MS);
        tables.claims.expire(now - KEEP_CLAIMS_MS);
        tables.hazards.purge(now - KEEP_HAZARDS_MS);
      });
    } catch (error) {
      onError(error);
    }
    cancel = clock.after(MINUTE_MS, tidy);
  };
  cancel = clock.after(MINUTE_MS, tidy);
  return () => cancel();
}
