/** Waits for what must come true by itself. */
import { setTimeout as sleep } from "node:timers/promises";

/**
 * The first answer of `look` that is neither undefined nor false; it is asked every few milliseconds.
 * Throws after `timeoutMs`, naming what did not come.
 */
export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs} ms`);
    await sleep(5);
  }
}
