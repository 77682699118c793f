/** Asks the site's AI servers how they are, each by itself: one that does not answer delays no other. */
import { type AskableServer, onlyHealth, type ServerReport } from "../domain/server-report.ts";
import { withDeadline } from "../resilience/deadline.ts";
import type { Site } from "./site.ts";

const TIMEOUT_MS = 5_000;

export class ServerWatch {
  readonly #site: Site;
  readonly #closing = new AbortController();
  /** By address. */
  readonly #asking = new Map<string, Promise<void>>();
  readonly #asked = new Set<string>();

  constructor(site: Site) {
    this.#site = site;
  }

  /** What each server that is used now has said last, by its address. */
  get reports(): Map<string, ServerReport> {
    const used = [...this.#site.servers.values()].flatMap(({ server }) => server?.address ?? []);
    const reports = used.map((address) => [address, this.#site.reports.get(address)] as const);
    return new Map(reports.flatMap(([address, report]) => (report ? [[address, report]] : [])));
  }

  /** Asks each server that is not being asked; resolves when all have answered, or have had 5 seconds for it. */
  async ask(): Promise<void> {
    for (const { server } of this.#site.servers.values()) {
      if (server === null || this.#asking.has(server.address)) continue;
      const asking = this.#ask(server).finally(() => this.#asking.delete(server.address));
      this.#asking.set(server.address, asking);
    }
    await Promise.all(this.#asking.values());
  }

  /** What is asked is abandoned, and what was heard forgotten. */
  close(): void {
    this.#closing.abort();
    for (const address of this.#asked) this.#site.reports.delete(address);
  }

  async #ask(server: AskableServer): Promise<void> {
    const { clock, reports, bus } = this.#site;
    const { address } = server;
    const { signal } = this.#closing;
    const deadline = { clock, ms: TIMEOUT_MS, late: new Error("it did not answer") };
    const report = await withDeadline(deadline, signal, (either) => server.look(either)).catch(() =>
      onlyHealth("failing"),
    );
    if (signal.aborted) return;
    const before = reports.get(address)?.health;
    this.#asked.add(address);
    reports.set(address, report);
    if (report.health !== before) bus.emit("servers");
  }
}
