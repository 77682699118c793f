/** A site that opens with its first user, and closes on demand once its last one has let go. */
import { setTimeout as delay } from "node:timers/promises";
import { StoreError } from "../resilience/errors.ts";
import type { Site } from "./site.ts";

/** Node-RED gives a node 15 seconds to close. */
const DRAIN_MS = 10_000;

export class SharedSite {
  readonly #open: () => Site;
  #site: Site | null = null;
  #users = 0;
  #drained: (() => void) | null = null;

  constructor(open: () => Site) {
    this.#open = open;
  }

  /** The site while it is open. */
  get current(): Site | null {
    return this.#site;
  }

  /** The site, opened where nobody has it yet. Throws what opening throws; each success wants a `release`. */
  acquire(): Site {
    this.#site ??= this.#openSound();
    this.#users += 1;
    return this.#site;
  }

  /** A store that turns out corrupt while its site opens is set aside by the next opening. */
  #openSound(): Site {
    try {
      return this.#open();
    } catch (error) {
      if (error instanceof StoreError && error.code === "STORE_CORRUPT") return this.#open();
      throw error;
    }
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#drained?.();
  }

  /**
   * Waits for the users to let go and closes the site. A config node's close starts before its users' closes have
   * ended, and what they still write belongs in the store.
   */
  async close(): Promise<void> {
    if (this.#users > 0) {
      const drained = new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
      await Promise.race([drained, delay(DRAIN_MS, undefined, { ref: false })]);
    }
    const site = this.#site;
    this.#site = null;
    await site?.close();
  }
}
