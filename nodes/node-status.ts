/** A node's status: a fixed vocabulary, translated, and shown at most once a second. */
import type { Node, NodeAPI, NodeStatusFill, NodeStatusShape } from "node-red";

export interface StatusView {
  readonly fill: NodeStatusFill;
  readonly shape: NodeStatusShape;
  /** Below `status` in the catalogue of `vigil-site`. */
  readonly key: string;
  readonly count?: number;
  /** `HH:MM`. */
  readonly time?: string;
}

type NodeStatusFields = Exclude<Parameters<Node["status"]>[0], string>;

const CATALOGUE = "node-red-contrib-vigil/vigil-site:status";
/** Each status goes to every open editor. */
const INTERVAL_MS = 1_000;

export class NodeStatus {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  #shown = "";
  #next: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(RED: NodeAPI, node: Node) {
    this.#RED = RED;
    this.#node = node;
  }

  /** `durable` is false where the store is in memory, which a node that seems ready must not hide. */
  show(view: StatusView, durable = true): void {
    if (this.#closed) return;
    // Translated only once it is shown: under load it changes hundreds of times a second.
    const update = () => {
      const status = this.#statusOf(view, durable);
      const shown = JSON.stringify(status);
      if (shown !== this.#shown) this.#node.status(status);
      this.#shown = shown;
    };
    if (this.#timer) {
      this.#next = update;
      return;
    }
    update();
    this.#timer = setTimeout(() => this.#catchUp(), INTERVAL_MS).unref();
  }

  /** What is shown stays; nothing more is. */
  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #statusOf({ fill, shape, key, ...values }: StatusView, durable: boolean): NodeStatusFields {
    const text = this.#RED._(`${CATALOGUE}.${key}`, values);
    if (durable) return { fill, shape, text };
    return { fill, shape: "ring", text: `${text}, ${this.#RED._(`${CATALOGUE}.notDurable`)}` };
  }

  #catchUp(): void {
    this.#timer = null;
    const update = this.#next;
    this.#next = null;
    if (!update) return;
    update();
    this.#timer = setTimeout(() => this.#catchUp(), INTERVAL_MS).unref();
  }
}
