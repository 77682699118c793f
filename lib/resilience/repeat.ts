/** Doing something again and again. */
import type { Clock } from "./clock.ts";

/** Does the work every `ms` until the answer is called, whatever it throws; `onError` gets that. */
export function repeat(clock: Clock, ms: number, onError: (error: unknown) => void, work: () => void): () => void {
  let cancel = () => {};
  const turn = () => {
    try {
      work();
    } catch (error) {
      onError(error);
    }
    cancel = clock.after(ms, turn);
  };
  cancel = clock.after(ms, turn);
  return () => cancel();
}
