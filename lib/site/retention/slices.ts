/** Work on the store in slices of a few milliseconds, so that nothing else on the event loop waits for long. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "../../store/store.ts";
import type { Tables } from "../stage.ts";

/** What a slice may take; its commit comes on top. */
const SLICE_MS = 3;
/** Unused pages that are given back at a time, to begin with. */
const PAGES = 8;

export class Slices {
  readonly #store: Store;
  readonly #signal: AbortSignal;
  #began = performance.now();

  constructor(store: Store, signal: AbortSignal) {
    this.#store = store;
    this.#signal = signal;
  }

  /** Whether the slice that runs has had its time. */
  get isSpent(): boolean {
    return performance.now() - this.#began > SLICE_MS;
  }

  /** Lets others have as much time as this slice took. Throws the signal's reason. */
  async rest(): Promise<void> {
    this.#signal.throwIfAborted();
    await sleep(Math.max(1, performance.now() - this.#began), undefined, { signal: this.#signal });
    this.#began = performance.now();
  }

  /**
   * Runs steps in as many transactions as they need: what one step does is never torn. Where a transaction fails the
   * steps end.
   */
  async change(work: (tables: Tables) => Generator<void>): Promise<void> {
    let steps: Generator<void> | null = null;
    for (let done = false; !done; ) {
      await this.rest();
      done = this.#store.transaction((tables) => {
        steps ??= work(tables);
        while (!this.isSpent) if (steps.next().done) return true;
        return false;
      });
      await this.#store.catchUp();
    }
  }

  /** Gives the room that nothing in the database uses back to the disk. */
  async shrink(): Promise<void> {
    for (let pages = PAGES, left = true; left; ) {
      await this.rest();
      left = this.#store.shrink(pages);
      pages = this.isSpent ? Math.max(1, Math.floor(pages / 2)) : pages + 1;
      await this.#store.catchUp();
    }
  }
}
