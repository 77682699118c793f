/** A node's status: a fixed vocabulary, translated, and shown at most once a second. */
import type { Node, NodeAPI, NodeStatusFill, NodeStatusShape } from "node-red";

export interface StatusView {
  readonly fill: NodeStatusFill;
  readonly shape: NodeStatusShape;
  /** Below `status` in the catalogue of `vigil-site`. */
  readonly key: string;
  readonly count?: number;
}

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
  show({ fill, shape, key, count }: StatusView, durable = true): void {
    const text = this.#RED._(`${CATALOGUE}.${key}`, count === undefined ? {} : { count });
    const status = {
      fill,
      shape: durable ? shape : "ring",
      text: durable ? text : `${text}, ${this.#RED._(`${CATALOGUE}.notDurable`)}`,
    } as const;
    if (this.#closed) return;
    const update = () => {
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

  #catchUp(): void {
    this.#timer = null;
    const update = this.#next;
    this.#next = null;
    if (!update) return;
    update();
    this.#timer = setTimeout(() => this.#catchUp(), INTERVAL_MS).unref();
  }
}
