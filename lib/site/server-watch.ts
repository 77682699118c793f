/** Asks the site's AI servers how they are, each by itself: one that does not answer delays no other. */
import { onlyHealth, type ServerReport } from "../domain/server-report.ts";
import type { Site } from "./site.ts";

/** A server that nodes of the site use, and what it said last. */
export interface WatchedServer {
  /** Without credentials. */
  readonly address: string;
  /** Of the node that uses it. */
  readonly type: string;
  readonly report: ServerReport;
}

const TIMEOUT_MS = 5_000;

export class ServerWatch {
  readonly #site: Site;
  readonly #closing = new AbortController();
  /** By address. */
  readonly #asking = new Map<string, Promise<void>>();
  readonly #servers = new Map<string, WatchedServer>();

  constructor(site: Site) {
    this.#site = site;
  }

  /** Those that have been asked, and are still used. */
  get servers(): WatchedServer[] {
    const used = new Set([...this.#site.servers.values()].map(({ server }) => server?.address));
    return [...this.#servers.values()].filter(({ address }) => used.has(address));
  }

  /** Asks each server that is not being asked; resolves when all have answered, or have had 5 seconds for it. */
  async ask(): Promise<void> {
    for (const { type, server } of this.#site.servers.values()) {
      if (server === null || this.#asking.has(server.address)) continue;
      const { address } = server;
      const asking = this.#lookAt(server.look.bind(server))
        .then((report) => {
          if (!this.#closing.signal.aborted) this.#servers.set(address, { address, type, report });
        })
        .finally(() => this.#asking.delete(address));
      this.#asking.set(address, asking);
    }
    await Promise.all(this.#asking.values());
  }

  /** What is asked is abandoned. */
  close(): void {
    this.#closing.abort();
  }

  async #lookAt(look: (signal: AbortSignal) => Promise<ServerReport>): Promise<ServerReport> {
    const late = new AbortController();
    const cancel = this.#site.clock.after(TIMEOUT_MS, () => late.abort());
    try {
      return await look(AbortSignal.any([this.#closing.signal, late.signal]));
    } catch {
      return onlyHealth("failing");
    } finally {
      cancel();
    }
  }
}
