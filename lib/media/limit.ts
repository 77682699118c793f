/** At most so many tasks at once; the others wait their turn, first come, first served. */
export class Limit {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Whether a task that came now would have to wait. */
  get full(): boolean {
    return this.#free === 0;
  }

  /** Runs a task when it is its turn, and takes its place before returning when there is one. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
