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
  /** What to do for a job, in one go. */
  ahead(jobId: number, msg: string): void;
  onError(error: Error): void;
}

/** So many jobs at a time, so that a large number does not hold up the process. */
const SLICE = 20;

export class WorkAhead {
  readonly #options: WorkAheadOptions;
  /** The last job that it was done for. */
  #last = 0;
  #running = false;

  constructor(options: WorkAheadOptions) {
    this.#options = options;
  }

  /** Forgets which jobs it was done for: others may have come among them. */
  reset(): void {
    this.#last = 0;
    this.look();
  }

  /** Begins, where the server is away. */
  look(): void {
    if (this.#running || !this.#options.isAway()) return;
    this.#running = true;
    void this.#run().finally(() => {
      this.#running = false;
    });
  }

  async #run(): Promise<void> {
    const { signal, isAway, onError } = this.#options;
    try {
      do await turn();
      while (!signal.aborted && isAway() && this.#slice() === SLICE);
    } catch (error) {
      // Who receives the next message, or asks the server next, looks again.
      onError(asError(error));
    }
  }

  /** The next jobs; the answer is how many there were. Throws where the store cannot answer. */
  #slice(): number {
    const { store, nodeId, ahead, onError } = this.#options;
    const jobs = store.jobs.waitingAfter(nodeId, this.#last, SLICE);
    for (const { job_id, msg } of jobs) {
      try {
        ahead(job_id, msg);
      } catch (error) {
        if (error instanceof StoreError) throw error;
        onError(asError(error));
      }
      this.#last = job_id;
    }
    return jobs.length;
  }
}
