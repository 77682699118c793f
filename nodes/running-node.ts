/** A pipeline node in Node-RED: its wires, its log and its status. */
import type { Node, NodeAPI } from "node-red";
import type { FlowMessage } from "../lib/domain/message.ts";
import { asError } from "../lib/resilience/errors.ts";
import { type PipelineHost, PipelineNode } from "../lib/site/pipeline-node.ts";
import type { SharedSite } from "../lib/site/shared-site.ts";
import type { Site } from "../lib/site/site.ts";
import type { Sent } from "../lib/store/hand-off.ts";
import { flowsOf } from "./flow-config.ts";
import { onFlowsStarted } from "./flows-started.ts";
import type { NodeBehaviour, NodeSpec } from "./node-spec.ts";
import { NodeStatus, type StatusView } from "./node-status.ts";
import { Wiring } from "./wiring.ts";

export class RunningNode<C, R> {
  readonly #node: Node;
  readonly #outputs: number;
  readonly #shared: SharedSite;
  readonly #site: Site;
  readonly #status: NodeStatus;
  readonly #wiring: Wiring;
  readonly #pipeline: PipelineNode<R, NodeBehaviour<R>>;
  readonly #unsubscribe: () => void;

  /** Throws what opening the site or the node's work throws. */
  constructor(
    RED: NodeAPI,
    node: Node,
    spec: NodeSpec<C, R>,
    config: C,
    { id: siteId, shared }: { id: string; shared: SharedSite },
    madeMs: number,
  ) {
    this.#node = node;
    this.#outputs = spec.outputs;
    this.#shared = shared;
    this.#site = shared.acquire();
    this.#status = new NodeStatus(RED, node);
    this.#wiring = new Wiring(RED, node);
    const userDir = String(RED.settings.userDir ?? process.cwd());
    try {
      this.#pipeline = new PipelineNode(this.#site, this.#host(RED, spec.type, siteId), (workspace) =>
        spec.open(config, { ...workspace, madeMs, userDir, refreshStatus: () => this.#showStatus() }),
      );
    } catch (error) {
      shared.release();
      throw error;
    }
    this.#unsubscribe = onFlowsStarted(RED.events, () => this.flowsStarted());
    this.#showStatus();
  }

  /** Takes a message; `done` is called when its work has ended. */
  input(message: FlowMessage, done: (error?: Error) => void): void {
    this.#pipeline.input(message, done);
  }

  /** Node-RED says so after every deploy, also to nodes that the deploy left alone. */
  flowsStarted(): void {
    this.#wiring.read();
    this.#pipeline.flowsStarted();
  }

  /** Stops the work and lets go of the site. Never rejects. */
  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#pipeline.close().catch((error) => this.#node.error(asError(error).message));
    this.#status.close();
    this.#shared.release();
  }

  #host(RED: NodeAPI, type: string, siteId: string): PipelineHost {
    const node = this.#node;
    return {
      id: node.id,
      type,
      outputs: this.#outputs,
      flows: () => flowsOf(RED, siteId),
      leadsOn: (port) => this.#wiring.leadsOn(port),
      send: (messages) => this.#send(messages),
      debug: (text) => node.debug(text),
      warn: (text) => node.warn(text),
      error: (error, message) => {
        if (message) node.error(error, message);
        else node.error(error.message);
      },
      onChange: () => this.#showStatus(),
    };
  }

  #send(messages: readonly Sent[]): void {
    for (const { port, message } of messages) {
      const ports: (FlowMessage | null)[] = new Array(this.#outputs).fill(null);
      ports[port] = message;
      this.#node.send(ports);
    }
  }

  #showStatus(): void {
    const { load, behaviour } = this.#pipeline;
    const { depth, parked, dead, left, waitingFor } = load;
    if (waitingFor) this.#status.show({ fill: "yellow", shape: "ring", key: "waiting", count: depth });
    else if (parked > 0) this.#status.show({ fill: "yellow", shape: "ring", key: "noFfmpeg", count: parked });
    else if (depth > 0) this.#status.show(behaviour.busy?.() ?? working(depth));
    else if (dead > 0) this.#status.show({ fill: "yellow", shape: "dot", key: "deadLetters", count: dead });
    else if (left > 0) this.#status.show({ fill: "yellow", shape: "dot", key: "leftOpen", count: left });
    else this.#status.show(behaviour.idle?.() ?? { fill: "green", shape: "dot", key: "ready" }, this.#site.durable);
  }
}

function working(count: number): StatusView {
  return { fill: "blue", shape: "dot", key: "working", count };
}
