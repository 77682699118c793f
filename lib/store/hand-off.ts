/** How a node's results become messages: put into the air in the node's transaction, sent after it. */
import type { FlowMessage } from "../domain/message.ts";
import type { Handovers, Subject } from "./handovers.ts";
import { fromJournal, type JournalEntry, toJournal } from "./journal.ts";
import type { Tables } from "./store.ts";

/** One message that a node's work brings forth. */
export interface Output {
  readonly port: number;
  readonly topic: string;
  readonly payload: unknown;
  /** The message to carry on, where that is not the one that was worked on. */
  readonly base?: FlowMessage;
  /** Further properties to set on the message. */
  readonly properties?: Readonly<Record<string, unknown>>;
  /** What the message is about; null on a terminal output, whose messages are sent once and not again. */
  readonly subject: Subject | null;
}

/** A message, ready to leave through a port. */
export interface Sent {
  readonly port: number;
  readonly message: FlowMessage;
}

export interface HandOffOptions {
  readonly nodeId: string;
  /** Whether a Vigil node may answer what leaves through a port; if none can, nothing is sent again. */
  leadsOn(port: number): boolean;
  /** Hears once of each place in a message that would not survive a restart. */
  onDropped(places: readonly string[]): void;
}

/** As many places as a person reads; a message with arbitrary names must not fill the memory. */
const MOST_WARNINGS = 100;

export class HandOff {
  readonly #nodeId: string;
  readonly #leadsOn: (port: number) => boolean;
  readonly #onDropped: (places: readonly string[]) => void;
  readonly #warned = new Set<string>();

  constructor({ nodeId, leadsOn, onDropped }: HandOffOptions) {
    this.#nodeId = nodeId;
    this.#leadsOn = leadsOn;
    this.#onDropped = onDropped;
  }

  /** Inside a transaction: the messages to send once it is committed. They carry the user's properties of `base`. */
  prepare(tables: Tables, base: FlowMessage, outputs: readonly Output[], now: number): Sent[] {
    return outputs.map(({ port, topic, payload, properties, subject, base: other }) => {
      const { handover: _taken, replayed: _replayed, ...own } = other ?? base;
      const message: FlowMessage = { ...own, ...properties, topic, payload };
      if (subject !== null) {
        const state = this.#leadsOn(port) ? "air" : "unclaimed";
        message.handover = tables.handovers.send(this.#nodeId, port, subject, this.journal(message), now, state);
      }
      return { port, message };
    });
  }

  /** The plain part of a message as JSON. */
  journal(message: FlowMessage): string {
    return this.entry(message).json;
  }

  /** The same, and which of its parts are not plain. */
  entry(message: FlowMessage): JournalEntry {
    const entry = toJournal(message);
    const { dropped } = entry;
    const fresh = dropped.filter((place) => !this.#warned.has(place));
    if (fresh.length > 0 && this.#warned.size < MOST_WARNINGS) {
      for (const place of fresh) this.#warned.add(place);
      this.#onDropped(fresh);
    }
    return entry;
  }

  /** A message in the air, to be sent again; undefined where it has been answered and forgotten meanwhile. */
  again(handovers: Handovers, handoverId: string): Sent | undefined {
    const aired = handovers.get(handoverId);
    if (!aired) return undefined;
    return { port: aired.port, message: { ...fromJournal(aired.msg), handover: handoverId, replayed: true } };
  }
}
