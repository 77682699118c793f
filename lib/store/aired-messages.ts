/** A node's messages that no Vigil node has answered yet: sent again after a start or a deploy, given up after an hour. */
import type { Clock } from "../resilience/clock.ts";
import type { HandOff, Sent } from "./hand-off.ts";
import type { Store } from "./store.ts";

export interface AiredMessagesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly handOff: HandOff;
  readonly nodeId: string;
  send(messages: readonly Sent[]): void;
  /** So many messages have been in the air for an hour of the node's up-time. */
  onUnclaimed(count: number): void;
  onError(error: unknown): void;
}

/** Messages go again in slices of this size, so that a large number does not hold up the process. */
const SLICE = 50;
const MINUTE_MS = 60_000;

export class AiredMessages {
  readonly #options: AiredMessagesOptions;
  #cancelAging = () => {};
  #closed = false;

  constructor(options: AiredMessagesOptions) {
    this.#options = options;
  }

  /** What may be lost as of now: its receiver was restarting, disabled or not there yet. Later messages are not. */
  due(): string[] {
    const { store, clock, nodeId } = this.#options;
    return store.handovers.toResend(nodeId, clock.now());
  }

  async resend(ids: readonly string[]): Promise<void> {
    const { store, handOff, send } = this.#options;
    for (let from = 0; from < ids.length && !this.#closed; from += SLICE) {
      const slice = ids.slice(from, from + SLICE).map((id) => handOff.again(store.handovers, id));
      send(slice.filter((sent) => sent !== undefined));
      await new Promise(setImmediate);
    }
  }

  /** Counts the minutes that messages are in the air while the node is up to send them again. */
  startAging(): void {
    const { store, clock, nodeId, onUnclaimed, onError } = this.#options;
    this.#cancelAging();
    if (this.#closed) return;
    this.#cancelAging = clock.after(MINUTE_MS, () => {
      try {
        const unclaimed = store.transaction((tables) => tables.handovers.age(nodeId));
        if (unclaimed > 0) onUnclaimed(unclaimed);
      } catch (error) {
        onError(error);
      }
      this.startAging();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelAging();
  }
}
