/** So much at once, and so much over time: what it is for is done whole in a burst, and not for ever. */
import type { Clock } from "./clock.ts";

export class Allowance {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #everyMs: number;
  #left: number;
  /** Until when `#left` counts what has come back, in monotonic milliseconds. */
  #countedMs: number;

  /** `most` at once; each one that was taken comes back after `everyMs` milliseconds more. */
  constructor(clock: Clock, most: number, everyMs: number) {
    this.#clock = clock;
    this.#most = most;
    this.#everyMs = everyMs;
    this.#left = most;
    this.#countedMs = clock.monotonic();
  }

  /** Takes one; false where none is left. */
  take(): boolean {
    const back = Math.floor((this.#clock.monotonic() - this.#countedMs) / this.#everyMs);
    this.#left = Math.min(this.#left + back, this.#most);
    this.#countedMs += back * this.#everyMs;
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }
}
