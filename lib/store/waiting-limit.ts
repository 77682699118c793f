/** Ends the jobs of a node that have waited too long for a server that is away: at least for so long, as far as is known. */
import type { Clock } from "../resilience/clock.ts";
import { asError } from "../resilience/errors.ts";
import type { ServerGate } from "../resilience/server-gate.ts";
import type { QueuedJob, Running } from "./jobs.ts";
import type { Store } from "./store.ts";

export interface WaitingLimitOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly nodeId: string;
  /** The instance of the node that the jobs are of. */
  readonly owner: string;
  readonly gate: ServerGate;
  /** How long a job may wait. */
  readonly afterMs: number;
  /** Jobs that run: their server may still answer. */
  readonly running: Running;
  readonly signal: AbortSignal;
  end(job: QueuedJob): Promise<void>;
  onError(error: Error): void;
}

const LOOK_EVERY_MS = 5_000;

export class WaitingLimit {
  readonly #options: WaitingLimitOptions;
  #cancelTimer = () => {};
  #ending: Promise<void> = Promise.resolve();

  constructor(options: WaitingLimitOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.#cancelTimer(), { once: true });
  }

  start(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(LOOK_EVERY_MS, () => {
      this.#ending = this.#look().finally(() => {
        if (!this.#options.signal.aborted) this.start();
      });
    });
  }

  /** Resolves once what is being ended has ended. */
  async ended(): Promise<void> {
    await this.#ending;
  }

  /**
   * Of a server that has failed since this process began, and not worked since, nobody knows that it worked at all since a
   * job came, however long before that was. One that works, and lets jobs wait behind others, is not away.
   */
  async #look(): Promise<void> {
    const { gate, afterMs, signal, end, onError } = this.#options;
    const isAway = () => (gate.failingForMs ?? 0) >= afterMs;
    // One that cannot be ended holds up no other.
    const failed = new Set<number>();
    try {
      while (isAway() && !signal.aborted) {
        const job = this.#next(failed);
        if (!job) return;
        await end(job).catch((error) => {
          failed.add(job.job_id);
          onError(asError(error));
        });
      }
    } catch (error) {
      onError(asError(error));
    }
  }

  #next(failed: ReadonlySet<number>): QueuedJob | undefined {
    const { store, clock, nodeId, owner, afterMs, running } = this.#options;
    const busy = { has: (jobId: number) => running.has(jobId) || failed.has(jobId) };
    return store.jobs.waitingSince(nodeId, owner, busy, clock.now() - afterMs);
  }
}
