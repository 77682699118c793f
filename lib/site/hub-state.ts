/** Keeps the hub's entities up to date, without counting at every single job. */
import type { MqttPacket } from "../domain/mqtt-packet.ts";
import { hubPackets } from "../homeassistant/state.ts";
import type { Site } from "./site.ts";

/** A burst of jobs is counted once. */
const SETTLE_MS = 2_000;

export class HubState {
  readonly #site: Site;
  readonly #publish: (packets: readonly MqttPacket[]) => void;
  #published = "";
  #cancelCount: (() => void) | null = null;

  /** `publish` gets what has changed, until `owner` is aborted. */
  constructor(site: Site, owner: AbortSignal, publish: (packets: readonly MqttPacket[]) => void) {
    this.#site = site;
    this.#publish = publish;
    site.bus.on("worked", owner, () => this.#countSoon());
    owner.addEventListener("abort", () => this.#cancelCount?.(), { once: true });
  }

  /** The whole state, for a new connection. */
  packets(): MqttPacket[] {
    const { found, queued, dead, unclaimed } = this.#site.store.totals.unfinished();
    const packets = hubPackets(
      { waiting: found + queued, dead_letters: dead, left_open: unclaimed },
      this.#site.topics,
    );
    this.#published = JSON.stringify(packets);
    return packets;
  }

  #countSoon(): void {
    this.#cancelCount ??= this.#site.clock.after(SETTLE_MS, () => {
      this.#cancelCount = null;
      const before = this.#published;
      const packets = this.packets();
      if (this.#published !== before) this.#publish(packets);
    });
  }
}
