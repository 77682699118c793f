/** Watches how a site is: says in the log and on the bus what has changed, and at least every half minute how it is. */
import { statfs } from "node:fs/promises";
import type { SystemStatus } from "../domain/system-status.ts";
import { asError } from "../resilience/errors.ts";
import { repeat } from "../resilience/repeat.ts";
import type { Site } from "./site.ts";
import { diskStatus, systemStatus } from "./system-status.ts";

/** A burst of jobs is looked at once, and a server that fails for a moment has not failed. */
const SETTLE_MS = 2_000;
const LOOK_MS = 30_000;

export class HealthWatch {
  readonly #site: Site;
  readonly #closing = new AbortController();
  readonly #cancel: () => void;
  #last: SystemStatus | null = null;
  #cancelSoon: (() => void) | null = null;

  constructor(site: Site) {
    this.#site = site;
    const { signal } = this.#closing;
    for (const event of ["worked", "settings", "gpu", "servers", "link"] as const) {
      site.bus.on(event, signal, () => this.#lookSoon());
    }
    this.#cancel = repeat(
      site.clock,
      LOOK_MS,
      (error) => this.#warn(error),
      () => this.#measureAndLook(),
    );
    this.#measureAndLook();
  }

  close(): void {
    this.#closing.abort();
    this.#cancel();
    this.#cancelSoon?.();
  }

  /** The disk tells in its own time, and is asked no more than every half minute. */
  #measureAndLook(): void {
    if (!this.#site.durable) {
      this.#look(true);
      return;
    }
    statfs(this.#site.file())
      .then((blocks) => {
        this.#site.disk = diskStatus(blocks);
      })
      .catch(() => {
        this.#site.disk = null;
      })
      .finally(() => this.#look(true));
  }

  #lookSoon(): void {
    this.#cancelSoon ??= this.#site.clock.after(SETTLE_MS, () => {
      this.#cancelSoon = null;
      this.#look(false);
    });
  }

  /** `anyway`: also what has not changed is published. */
  #look(anyway: boolean): void {
    if (this.#closing.signal.aborted) return;
    try {
      const status = systemStatus(this.#site);
      const before = this.#last;
      this.#last = status;
      const isNews = before === null || !isSame(before, status);
      if (isNews || anyway) this.#site.bus.emit("status", status);
      if (!isNews) return;
      this.#log(status, before);
      this.#site.bus.emit("health", status, before);
    } catch (error) {
      this.#warn(error);
    }
  }

  #log(status: SystemStatus, before: SystemStatus | null): void {
    const { logger } = this.#site;
    const [now, then] = [causesOf(status), causesOf(before)];
    for (const [what, text] of now) if (!then.has(what)) logger.warn(`Health: ${text}`);
    // A store that cannot answer knows nothing of what was wrong before.
    if (status.cameras.total === null) return;
    for (const [what, text] of then) if (!now.has(what)) logger.info(`Health: no longer so: ${text}`);
  }

  #warn(error: unknown): void {
    this.#site.logger.warn(`The site's health is not known: ${asError(error).message}`);
  }
}

/** What each cause says, by what it is about: a count or a share at its end that changes is no news. */
function causesOf(status: SystemStatus | null): ReadonlyMap<string, string> {
  return new Map(status?.causes.map(({ text }) => [text.replace(/[\d.]+(?: %)?$/, ""), text]));
}

function isSame(one: SystemStatus, other: SystemStatus): boolean {
  const what = (status: SystemStatus) => [status.health, ...causesOf(status).keys()].join("\n");
  return what(one) === what(other);
}
