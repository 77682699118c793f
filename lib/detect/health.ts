/** How a detector is: asked now and then, beside the pictures, for people to see. */
import { onlyHealth, type ServerHealth } from "../domain/server-report.ts";
import type { Clock } from "../resilience/clock.ts";
import { withDeadline } from "../resilience/deadline.ts";
import type { Detector } from "./detector.ts";

const INTERVAL_MS = 30_000;
const TIMEOUT_MS = 5_000;

export interface HealthPollerOptions {
  readonly detector: Pick<Detector, "look">;
  readonly clock: Clock;
  /** Called when the health is another one. */
  onChange(): void;
}

/**
 * Asks at the start and then every 30 seconds, never twice at once and never for longer than 5 seconds. Whatever comes
 * of that is a state, not an error, and decides nothing: whether pictures are sent is for those who send them.
 */
export class HealthPoller {
  readonly #options: HealthPollerOptions;
  readonly #closing = new AbortController();
  #health: ServerHealth = "unknown";
  #cancelNext = () => {};

  constructor(options: HealthPollerOptions) {
    this.#options = options;
  }

  /** As it was last; `unknown` before the first answer. */
  get health(): ServerHealth {
    return this.#health;
  }

  start(): void {
    void this.#poll();
  }

  close(): void {
    this.#closing.abort();
    this.#cancelNext();
  }

  async #poll(): Promise<void> {
    const { detector, clock, onChange } = this.#options;
    const { signal } = this.#closing;
    const deadline = { clock, ms: TIMEOUT_MS, late: new Error("it did not answer") };
    const { health } = await withDeadline(deadline, signal, (either) => detector.look(either)).catch(() =>
      onlyHealth("failing"),
    );
    if (signal.aborted) return;
    this.#cancelNext = clock.after(INTERVAL_MS, () => void this.#poll());
    if (health === this.#health) return;
    this.#health = health;
    onChange();
  }
}
