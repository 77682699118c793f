/** The flows as they are deployed: which nodes there are, and what their wires lead to. */
import type { NodeAPI } from "node-red";
import { z } from "zod";
import type { Flows } from "../lib/store/nodes.ts";

/** What a flow's configuration says of a node; an output's wires name the nodes behind it. */
const FlowNode = z.looseObject({
  id: z.string(),
  type: z.string(),
  /** The tab or subflow that it is in. */
  z: z.string().default(""),
  site: z.string().default(""),
  wires: z.array(z.array(z.string())).default([]),
  /** Where a `link out` goes on. */
  links: z.array(z.string()).default([]),
});
export type FlowNode = z.infer<typeof FlowNode>;

/** All nodes by their ids, disabled ones and those inside subflows included. */
export function readFlows(RED: NodeAPI): Map<string, FlowNode> {
  const nodes = new Map<string, FlowNode>();
  RED.nodes.eachNode((definition) => {
    const node = FlowNode.safeParse(definition);
    if (node.success) nodes.set(node.data.id, node.data);
  });
  return nodes;
}

/** The flows as the store wants to know them, for the nodes of one site. */
export function flowsOf(RED: NodeAPI, siteId: string): Flows {
  const nodes = readFlows(RED);
  const isSubflow = (id: string) => nodes.get(id)?.type === "subflow";
  // Which site `${SITE}` is differs between the instances of a subflow, and a site in one has the instance's id before its own.
  const isHere = (node: FlowNode | undefined) =>
    node !== undefined && (node.site === siteId || node.site.startsWith("${") || siteId.endsWith(`-${node.site}`));
  const isInstance = (id: string): boolean =>
    nodes.get(id)?.type.startsWith("subflow:") ||
    splits(id).some(([outer, inner]) => isInstance(outer) && nodes.has(inner));
  return {
    has: (id) =>
      isHere(nodes.get(id)) || splits(id).some(([outer, inner]) => isInstance(outer) && isHere(nodes.get(inner))),
    ofType: (type) =>
      [...nodes.values()]
        .filter((node) => node.type === type && node.site === siteId && !isSubflow(node.z))
        .map(({ id }) => id),
  };
}

/** A node in an instance of a subflow has the ids of both, joined by a hyphen, which either id may have in it as well. */
function splits(id: string): [outer: string, inner: string][] {
  return [...id.matchAll(/-/g)].map(({ index }) => [id.slice(0, index), id.slice(index + 1)]);
}
