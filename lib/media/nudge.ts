/** A wait that ends early when something happens. */
import type { Clock } from "../resilience/clock.ts";

/** Remembers a ring that came while nobody waited, so that none is lost between two waits. */
export class Nudge {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Whether it rang since the last wait ended. */
  get rung(): boolean {
    return this.#rung;
  }

  /** Waits for a ring, `ms` at most; tells whether there was one. One wait at a time. */
  async wait(ms: number, clock: Clock): Promise<boolean> {
    if (!this.#rung) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = clock.after(ms, resolve);
      this.#wake = resolve;
      await promise;
      this.#wake = null;
      cancel();
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
