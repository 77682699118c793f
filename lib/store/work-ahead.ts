/** While a node's server is away: does for each job that waits for it what may go ahead of its result, once. */
import { setImmediate as turn } from "node:timers/promises";
import { asError, StoreError } from "../resilience/errors.ts";
import type { Store } from "./store.ts";

export interface WorkAheadOptions {
  readonly store: Store;
  readonly nodeId: string;
  readonly signal: AbortSignal;
  /** Whether the server is away. */
  isAway(): boolean;
  /** What to do for a job. */
  ahead(jobId: number, msg: string): Promise<void>;
  onError(error: Error): void;
}

/** So many jobs at a time, so that a large number does not hold up the process. */
const SLICE = 20;

export class WorkAhead {
  readonly #options: WorkAheadOptions;
  /** The last job that it was done for. */
  #last = 0;
  #resets = 0;
  /** Whether somebody has asked to look since the jobs were last looked at. */
  #asked = false;
  #running: Promise<void> | null = null;

  constructor(options: WorkAheadOptions) {
    this.#options = options;
  }

  /** Forgets which jobs it was done for: others may have come among them. */
  reset(): void {
    this.#last = 0;
    this.#resets += 1;
    this.look();
  }

  /** Begins, where the server is away. */
  look(): void {
    this.#asked = true;
    if (this.#running || !this.#options.isAway()) return;
    this.#running = this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Resolves once what runs has ended, which it does when the signal aborts. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal, isAway, onError } = this.#options;
    try {
      do {
        this.#asked = false;
        await turn();
      } while (!signal.aborted && isAway() && ((await this.#slice()) || this.#asked));
    } catch (error) {
      // Who receives the next message, or asks the server next, looks again.
      onError(asError(error));
    }
  }

  /** The next jobs; the answer is whether there may be more. Throws where the store cannot answer. */
  async #slice(): Promise<boolean> {
    const { store, nodeId, signal, isAway, ahead, onError } = this.#options;
    const resets = this.#resets;
    const jobs = store.jobs.waitingAfter(nodeId, this.#last, SLICE);
    for (const { job_id, msg } of jobs) {
      if (signal.aborted || !isAway()) return false;
      try {
        await ahead(job_id, msg);
      } catch (error) {
        if (error instanceof StoreError) throw error;
        onError(asError(error));
      }
      if (this.#resets !== resets) return true;
      this.#last = job_id;
    }
    return jobs.length === SLICE;
  }
}
