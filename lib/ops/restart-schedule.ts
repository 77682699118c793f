/** When a service that is down should be started again, by whoever can: in time, not too often, and not for ever. */
import type { ServiceState } from "../domain/system-status.ts";

export interface RestartPolicy {
  /** How long it may be down before the first attempt, and how long it may take to come up after one, in milliseconds. */
  readonly graceMs: number;
  readonly attempts: number;
}

export type RestartStep =
  | { readonly action: "restart"; readonly attempt: number; readonly backoff_s: number }
  | { readonly action: "gave_up" | "recovered"; readonly attempt: number; readonly backoff_s: null };

/** After the n-th attempt 5·2^(n-1) s, besides the grace period. */
const BASE_MS = 5_000;

export class RestartSchedule {
  readonly #policy: RestartPolicy;
  /** When something is due, in monotonic milliseconds; null while it is not down. */
  #dueMs: number | null = null;
  #attempt = 0;
  #gaveUp = false;

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /** What is to be done at this look at the service; null for nothing. `nowMs` is monotonic. */
  see(state: ServiceState, nowMs: number): RestartStep | null {
    if (state === "up") return this.#recover();
    const { graceMs, attempts } = this.#policy;
    // It loads its model: that is what the grace period is for, however long it takes.
    if (this.#dueMs === null || state === "starting") this.#dueMs = Math.max(this.#dueMs ?? 0, nowMs + graceMs);
    if (nowMs < this.#dueMs || this.#gaveUp) return null;
    if (this.#attempt >= attempts) {
      this.#gaveUp = true;
      return { action: "gave_up", attempt: this.#attempt, backoff_s: null };
    }
    this.#attempt += 1;
    const backoffMs = BASE_MS * 2 ** (this.#attempt - 1);
    this.#dueMs = nowMs + graceMs + backoffMs;
    return { action: "restart", attempt: this.#attempt, backoff_s: backoffMs / 1000 };
  }

  /** The count starts again; what nobody was told of has not been. */
  #recover(): RestartStep | null {
    const attempt = this.#attempt;
    const wasTold = attempt > 0 || this.#gaveUp;
    this.#dueMs = null;
    this.#attempt = 0;
    this.#gaveUp = false;
    return wasTold ? { action: "recovered", attempt, backoff_s: null } : null;
  }
}
