/** Notices that the wall clock was set, or that the machine slept: wall and monotonic time have parted. */
import type { Clock } from "../resilience/clock.ts";
import { asError } from "../resilience/errors.ts";

export interface ClockWatchOptions {
  readonly clock: Clock;
  /**
   * The wall clock is so many milliseconds ahead of where it was, or behind where that is negative. Null at the start:
   * nobody knows what happened while the process was away. If it throws, it is called again at the next look.
   */
  onParted(byMs: number | null): void;
  onError(error: Error): void;
}

const LOOK_MS = 10_000;
/** Time servers slew both clocks alike; this is more than a slow look at the two can make. */
const PARTED_MS = 2_000;

/**
 * Looks now and every ten seconds until the answer is called. Where the monotonic clock stands still while the machine
 * sleeps (Linux), waking up is a wall clock set forward.
 */
export function startClockWatch({ clock, onParted, onError }: ClockWatchOptions): () => void {
  /** Wall minus monotonic time as of when it was last dealt with. */
  let known: number | null = null;
  let cancel = () => {};
  const look = () => {
    cancel = clock.after(LOOK_MS, look);
    const offset = clock.now() - clock.monotonic();
    const parted = known === null ? null : offset - known;
    if (parted !== null && Math.abs(parted) <= PARTED_MS) return;
    try {
      onParted(parted);
      known = offset;
    } catch (error) {
      onError(asError(error));
    }
  };
  look();
  return () => cancel();
}
