/** Messages that the store cannot take now: they wait in order, as many as there is room for, and are tried again. */
import type { Clock } from "../resilience/clock.ts";
import { asError, StoreError } from "../resilience/errors.ts";

export interface HeldMessagesOptions {
  readonly clock: Clock;
  /** Aborted when the node closes: then none waits any longer. */
  readonly signal: AbortSignal;
  warn(text: string): void;
}

interface Held {
  readonly bytes: number;
  readonly take: () => Promise<void>;
  readonly taken: PromiseWithResolvers<void>;
}

const RETRY_MS = 5_000;
const MOST = 1_000;
const MOST_BYTES = 64 * 1024 * 1024;

export class HeldMessages {
  readonly #options: HeldMessagesOptions;
  readonly #held: Held[] = [];
  #bytes = 0;
  #retrying = false;
  /** Why they wait. */
  #reason: Error = new StoreError("STORE_FAILED", "The store cannot take messages", { retryable: true });

  constructor(options: HeldMessagesOptions) {
    this.#options = options;
  }

  /**
   * Has the store take a message of so many bytes, after those that wait. Throws what `take` throws; where that is a
   * store that can be tried again, only when the node closes or there is no room to wait.
   */
  async take(bytes: number, take: () => Promise<void>): Promise<void> {
    if (this.#held.length === 0) {
      try {
        await take();
        return;
      } catch (error) {
        if (!this.#mayWait(error)) throw error;
      }
    }
    if (this.#held.length >= MOST || this.#bytes + bytes > MOST_BYTES) throw this.#reason;
    const taken = Promise.withResolvers<void>();
    this.#held.push({ bytes, take, taken });
    this.#bytes += bytes;
    if (!this.#retrying) void this.#retry();
    await taken.promise;
  }

  #mayWait(error: unknown): boolean {
    if (!(error instanceof StoreError && error.retryable) || this.#options.signal.aborted) return false;
    this.#reason = error;
    return true;
  }

  async #retry(): Promise<void> {
    this.#retrying = true;
    this.#options.warn(`${this.#reason.message}; messages wait`);
    while (this.#held.length > 0) {
      await this.#pause();
      while (await this.#takeFirst());
    }
    this.#retrying = false;
  }

  /** Tries the first; false where it must go on waiting, or none does. */
  async #takeFirst(): Promise<boolean> {
    const [first] = this.#held;
    if (!first) return false;
    try {
      if (this.#options.signal.aborted) throw this.#reason;
      await first.take();
      first.taken.resolve();
    } catch (error) {
      if (this.#mayWait(error)) return false;
      first.taken.reject(asError(error));
    }
    this.#held.shift();
    this.#bytes -= first.bytes;
    return true;
  }

  async #pause(): Promise<void> {
    const { clock, signal } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    const cancel = clock.after(RETRY_MS, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    await promise;
    cancel();
    signal.removeEventListener("abort", end);
  }
}
