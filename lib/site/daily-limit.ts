/** How many analyses a node's model may make on a day: after that rules estimate, until midnight on the site's clock. */
import { localTime } from "../analyze/local-time.ts";
import { type LocalDay, localDay } from "../domain/local-day.ts";
import { toIso } from "../domain/time.ts";
import { asError } from "../resilience/errors.ts";
import type { Site } from "./site.ts";

export interface DailyLimitOptions {
  readonly site: Site;
  readonly nodeId: string;
  /** Null: there is none. */
  readonly limit: number | null;
  /** `until` has changed. */
  onChange(): void;
}

export class DailyLimit {
  readonly #options: DailyLimitOptions;
  readonly #closing = new AbortController();
  /** Analyses that are not in the store yet. */
  #underWay = 0;
  #until: string | null = null;
  /** The day on which the log was told. */
  #said = "";
  #cancelMidnight = () => {};

  constructor(options: DailyLimitOptions) {
    this.#options = options;
    options.site.bus.on("clock", this.#closing.signal, () => this.look());
  }

  /** When the model may be asked again, as `HH:MM` on the site's clock; null while it may. */
  get until(): string | null {
    return this.#until;
  }

  /** Begins an analysis; the answer ends it, or is null where there must not be one. Throws a StoreError. */
  begin(): (() => void) | null {
    if (this.#count() + this.#underWay >= this.#most) return null;
    this.#underWay += 1;
    return () => {
      this.#underWay -= 1;
    };
  }

  /** Why there must not be one, for people. */
  get reason(): string {
    return `The daily limit of ${this.#most} analyses is reached, and the model judges again from ${this.#midnight}.`;
  }

  /** Sees whether it is reached. To be called at the start, and when an analysis has been stored. */
  look(): void {
    try {
      this.#count();
    } catch (error) {
      // Whoever begins the next looks again.
      this.#options.site.logger.warn(`Today's analyses could not be counted: ${asError(error).message}`);
    }
  }

  close(): void {
    this.#closing.abort();
    this.#cancelMidnight();
  }

  get #most(): number {
    return this.#options.limit ?? Number.POSITIVE_INFINITY;
  }

  get #today(): LocalDay {
    const { clock, timeZone } = this.#options.site;
    return localDay(clock.now(), timeZone);
  }

  get #midnight(): string {
    const { time } = localTime(toIso(this.#today.endMs), this.#options.site.timeZone);
    return time.slice(0, 5);
  }

  /** Counts today's analyses, and says so where there must be no more. */
  #count(): number {
    const { site, nodeId, limit, onChange } = this.#options;
    if (limit === null) return 0;
    const { date, startMs, endMs } = this.#today;
    const made = site.store.costs.analyses(nodeId, { from: toIso(startMs), to: toIso(endMs) });
    const before = this.#until;
    this.#until = made >= limit ? this.#midnight : null;
    this.#cancelMidnight();
    if (this.#until !== null) {
      this.#cancelMidnight = site.clock.after(endMs - site.clock.now(), () => this.look());
      if (this.#said !== date) site.logger.warn(`${this.reason} Until then rules estimate.`);
      this.#said = date;
    }
    if (this.#until !== before) onChange();
    return made;
  }
}
