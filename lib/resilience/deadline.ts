/** Work that has so much time. */
import type { Clock } from "./clock.ts";

export interface Deadline {
  readonly clock: Clock;
  readonly ms: number;
  /** What the signal's reason is, once the time is over. */
  readonly late: Error;
}

/** What the work comes to; its signal is aborted with `signal`, or when the time is over. */
export async function withDeadline<T>(
  { clock, ms, late }: Deadline,
  signal: AbortSignal,
  work: (either: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const cancel = clock.after(ms, () => over.abort(late));
  try {
    return await work(AbortSignal.any([signal, over.signal]));
  } finally {
    cancel();
  }
}
