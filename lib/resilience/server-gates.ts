/** One gate for each server, whichever nodes use it. */
import type { Clock } from "./clock.ts";
import { ServerGate } from "./server-gate.ts";

export class ServerGates {
  readonly #clock: Clock;
  readonly #gates = new Map<string, ServerGate>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The gate of the server at this address. Scheme, host, port and path tell one server from another: behind a gateway,
   * one may be away while its neighbour works.
   */
  of(url: string): ServerGate {
    const { origin, pathname } = new URL(url);
    const server = origin + pathname.replace(/\/+$/, "");
    const gate = this.#gates.get(server) ?? new ServerGate(this.#clock);
    this.#gates.set(server, gate);
    return gate;
  }
}
