/**
 * Native decoding, bounded and counted: so much at once as the machine has cores for, and a picture that keeps taking the
 * process down is first decoded alone, then not any more.
 */
import { availableParallelism } from "node:os";
import sharp from "sharp";
import type { Clock } from "../resilience/clock.ts";
import { MediaError } from "../resilience/errors.ts";
import { SharedLock } from "../resilience/shared-lock.ts";
import type { Store } from "../store/store.ts";

/** From this start on a subject runs alone: others do not fall with it, and what is left of the memory is its own. */
const ALONE_FROM = 3;
const MOST_STARTS = 5;

// Several pictures come at a time, to machines with two cores: more gets done when each has one thread than when all of
// them share every core. No picture comes twice, so a cache would only hold memory. Both are the process's settings.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Of the four threads that the process has for files and decoding together, one stays free. On two cores, stat(2) took
 * 0.1 ms beside two decodings and 15 ms beside eight, which were done no sooner.
 */
const MOST_AT_ONCE = Math.min(availableParallelism(), 3);

/** Sites share the process. */
const lock = new SharedLock(MOST_AT_ONCE);

export class NativeWork {
  readonly #store: Store;
  readonly #clock: Clock;
  /** Starts that the death of an earlier process left without an end, by subject. */
  readonly #crashes: Map<string, number>;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#crashes = store.hazards.unfinished();
  }

  /**
   * Decodes, beside others or alone. `subject` says what, the same in every process, and no other work may have it: its
   * success would be taken for this one's. The start is on record while `work` runs, which costs two small transactions;
   * `work` must not call this again. The signal ends the wait, not the work. Throws a MediaError `CRASHED` where five
   * starts have ended with the process, what `work` throws, or the signal's reason.
   */
  async run<T>(subject: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const starts = (this.#crashes.get(subject) ?? 0) + 1;
    if (starts > MOST_STARTS) {
      throw new MediaError(
        "CRASHED",
        `Each of the last ${MOST_STARTS} times that this was decoded, the process died; it is left alone now, and a replay tries once more`,
      );
    }
    return lock.run(starts < ALONE_FROM ? "shared" : "alone", () => this.#counted(subject, starts, work), signal);
  }

  /** Lets a subject, or steps of it, that are not decoded any more be decoded once more, alone: for a replay. */
  allowOnce(subject: string): void {
    for (const [each, crashes] of this.#crashes) {
      if (crashes < MOST_STARTS || !(each === subject || each.startsWith(`${subject} `))) continue;
      this.#store.transaction(({ hazards }) => hazards.begin(each, MOST_STARTS - 1, this.#clock.now()));
      this.#crashes.set(each, MOST_STARTS - 1);
    }
  }

  async #counted<T>(subject: string, starts: number, work: () => Promise<T>): Promise<T> {
    this.#store.transaction(({ hazards }) => hazards.begin(subject, starts, this.#clock.now()));
    try {
      return await work();
    } finally {
      this.#crashes.delete(subject);
      this.#store.transaction(({ hazards }) => hazards.end(subject));
    }
  }
}
