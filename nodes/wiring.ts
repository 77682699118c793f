/** Whether another Vigil node can get what leaves a node: if none can, nobody would ever say that it arrived. */
import type { Node, NodeAPI } from "node-red";
import { type FlowNode, readFlows } from "./flow-config.ts";

/** The nodes that take records, and say so. */
const VIGIL_TYPES: ReadonlySet<string> = new Set([
  "dedupe",
  "detect",
  "batch-window",
  "enrich",
  "nemotron-analyze",
  "risk-alert",
]);

export class Wiring {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  /** For each output; empty until the flows have been read. */
  #leadsOn: readonly boolean[] = [];

  constructor(RED: NodeAPI, node: Node) {
    this.#RED = RED;
    this.#node = node;
  }

  /** True for an output behind which a Vigil node may be; until `read`, for all of them. */
  leadsOn(port: number): boolean {
    return this.#leadsOn[port] ?? true;
  }

  /** Reads the flows as they are deployed. */
  read(): void {
    const nodes = readFlows(this.#RED);
    const own = nodes.get(this.#node.id);
    // Inside a subflow: its instances' nodes have ids of their own, and its outputs lead anywhere.
    this.#leadsOn = own ? own.wires.map((ids) => reachesVigil(ids, nodes)) : [];
  }
}

function reachesVigil(ids: readonly string[], nodes: ReadonlyMap<string, FlowNode>): boolean {
  const seen = new Set<string>();
  const next = [...ids];
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const node = nodes.get(id);
    // A wire to a node that is not there: it will be, when its type is installed again.
    if (!node) return true;
    if (VIGIL_TYPES.has(node.type) || leavesTheFlow(node)) return true;
    next.push(...node.wires.flat(), ...node.links);
  }
  return false;
}

/** A subflow, a link call, whose answers come from where wires do not show, or the end of what a link call calls. */
function leavesTheFlow({ type, mode }: FlowNode): boolean {
  return type.startsWith("subflow:") || type === "link call" || (type === "link out" && mode === "return");
}
