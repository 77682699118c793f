/** Time from outside, so that tests can move it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Milliseconds of a clock that nobody sets: for how long something takes or waits in this process. On Linux it stands
   * still while the machine sleeps, as timers do.
   */
  monotonic(): number;
  /** Calls back once after `ms`; the answer cancels it. Does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}

/** `setTimeout` fires at once for delays above this. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), LONGEST_TIMEOUT_MS)).unref();
    return () => clearTimeout(timer);
  },
};
