/** What protects a store on disk from the disk: the ballast and the nightly backup. */
import type { Clock } from "../resilience/clock.ts";
import { backUp, isBackupDue } from "./backup.ts";
import { makeBallast } from "./ballast.ts";

/** After the rush of a start. */
const FIRST_MS = 60_000;
const INTERVAL_MS = 60 * 60_000;

/**
 * Looks after both, soon and then once an hour, until the answer is called, which ends what is under way. `onError`
 * hears of what failed; it is tried again.
 */
export function startSafeguards(dataDir: string, clock: Clock, onError: (error: unknown) => void): () => Promise<void> {
  const closing = new AbortController();
  const { signal } = closing;
  const look = async () => {
    for (const safeguard of [
      () => makeBallast(dataDir, signal),
      async () => {
        const now = clock.now();
        if (await isBackupDue(dataDir, now)) await backUp(dataDir, now, signal);
      },
    ]) {
      await safeguard().catch((error) => {
        if (!signal.aborted) onError(error);
      });
    }
    if (!signal.aborted) arm(INTERVAL_MS);
  };
  let looking = Promise.resolve();
  let cancel = () => {};
  const arm = (ms: number) => {
    cancel = clock.after(ms, () => {
      looking = look();
    });
  };
  arm(FIRST_MS);
  return async () => {
    closing.abort();
    cancel();
    await looking;
  };
}
