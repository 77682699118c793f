/** A clock that stands still until a test moves it. */
import type { Clock } from "../../lib/resilience/clock.ts";

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

export class FakeClock implements Clock {
  #monotonic = 0;
  /** What the wall clock shows at 0 of the monotonic one. */
  #wall: number;
  readonly #timers = new Set<Timer>();

  constructor(start = Date.parse("2026-11-20T12:00:00.000Z")) {
    this.#wall = start;
  }

  now(): number {
    return this.#wall + this.#monotonic;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Sets the wall clock, as a person or a time server does; timers do not notice. */
  setWall(ms: number): void {
    this.#wall = ms - this.#monotonic;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#monotonic + Math.max(ms, 0), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that are armed. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves the time on; each callback that falls due runs at its own time, those of the same time in the order set. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#timers.delete(next);
      this.#monotonic = Math.max(this.#monotonic, next.due);
      next.callback();
    }
    this.#monotonic = end;
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && timer.due < (first?.due ?? Number.POSITIVE_INFINITY)) first = timer;
    }
    return first;
  }
}
