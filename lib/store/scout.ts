/** Looks for a program that a node's parked jobs wait for: from time to time it lets one of them try. */
import type { Clock } from "../resilience/clock.ts";
import type { Store } from "./store.ts";

const LOOK_MS = 10_000;

export interface ScoutOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly nodeId: string;
  /** Jobs that were parked may be done now. Must not throw. */
  onUnparked(): void;
}

export class Scout {
  readonly #options: ScoutOptions;
  #parked = 0;
  /** The job that was let out to try. */
  #trying: number | null = null;
  #isMissing = false;
  #timer: (() => void) | null = null;

  constructor(options: ScoutOptions) {
    this.#options = options;
  }

  /** Jobs that are parked now. */
  get parked(): number {
    return this.#parked;
  }

  /** Jobs that wait for the program: parked ones, and the one that tries. */
  get waiting(): number {
    return this.#parked + (this.#trying === null ? 0 : 1);
  }

  /** Looks at the store anew, and lets a job try at once. */
  refresh(): void {
    const { store, nodeId } = this.#options;
    this.#parked = store.parked.count(nodeId);
    if (this.#parked > 0) this.#letTry();
  }

  /** A job was parked; the answer is whether that is news. */
  missed(jobId: number): boolean {
    this.#parked += 1;
    if (this.#trying === jobId) this.#trying = null;
    if (this.#trying === null) this.#timer ??= this.#options.clock.after(LOOK_MS, () => this.#letTry());
    const isNews = !this.#isMissing;
    this.#isMissing = true;
    return isNews;
  }

  /** A job has come further than the program: where it was let out to try, the others follow. */
  passed(jobId: number): void {
    if (jobId !== this.#trying) return;
    const { store, nodeId } = this.#options;
    this.#trying = null;
    this.#isMissing = false;
    this.#unpark(() => {
      store.transaction((tables) => tables.parked.unparkAll(nodeId));
      this.#parked = 0;
    });
  }

  close(): void {
    this.#timer?.();
  }

  #letTry(): void {
    const { store, nodeId } = this.#options;
    this.#timer?.();
    this.#timer = null;
    if (this.#trying !== null) return;
    this.#unpark(() => {
      this.#trying = store.transaction((tables) => tables.parked.unparkFirst(nodeId));
      if (this.#trying !== null) this.#parked -= 1;
    });
  }

  /** A store that fails is tried again. */
  #unpark(change: () => void): void {
    try {
      change();
      this.#options.onUnparked();
    } catch {
      this.#timer ??= this.#options.clock.after(LOOK_MS, () => this.#letTry());
    }
  }
}
