/** A lock that several may hold together, or one alone. */

interface Waiter {
  readonly alone: boolean;
  readonly enter: () => void;
}

/** First come, first served: who wants to be alone is not passed by those who come later. */
export class SharedLock {
  readonly #most: number;
  #holders = 0;
  #alone = false;
  readonly #waiting = new Set<Waiter>();

  /** `most` may hold it together. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Runs `work` beside others, or `alone`, when it is its turn. Rejects with the signal's reason where that aborts before.
   * Inside `work` the same lock must not be taken again: it would wait for itself.
   */
  async run<T>(how: "shared" | "alone", work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(how === "alone", signal);
    try {
      return await work();
    } finally {
      this.#holders -= 1;
      this.#alone = false;
      this.#admit();
    }
  }

  async #enter(alone: boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { alone, enter: resolve };
    const leave = () => {
      this.#waiting.delete(waiter);
      reject(signal.reason);
      this.#admit();
    };
    signal.addEventListener("abort", leave, { once: true });
    this.#waiting.add(waiter);
    this.#admit();
    await promise.finally(() => signal.removeEventListener("abort", leave));
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (!next || this.#alone || this.#holders >= (next.alone ? 1 : this.#most)) return;
      this.#waiting.delete(next);
      this.#holders += 1;
      this.#alone = next.alone;
      next.enter();
    }
  }
}
