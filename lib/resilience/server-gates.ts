/** One gate for each server, whichever nodes use it. */
import type { Clock } from "./clock.ts";
import { ServerGate } from "./server-gate.ts";

export class ServerGates {
  readonly #clock: Clock;
  readonly #gates = new Map<string, ServerGate>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The gate of the server at this address: scheme, host and port tell one server from another. */
  of(url: string): ServerGate {
    const { origin } = new URL(url);
    const gate = this.#gates.get(origin) ?? new ServerGate(this.#clock);
    this.#gates.set(origin, gate);
    return gate;
  }
}
