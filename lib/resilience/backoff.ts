/** How long to wait before trying again. */

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/**
 * Exponential with full jitter over the upper half: 0.5-1 s after the first failure, doubling to 30-60 s.
 * Whole milliseconds; `random` is uniform in 0..1.
 */
export function backoffMs(failures: number, random: number = Math.random()): number {
  const ceiling = Math.min(FIRST_MS * 2 ** Math.max(failures - 1, 0), LONGEST_MS);
  return Math.round(ceiling * (0.5 + random / 2));
}
