/** How a node finds its `vigil-site`. */
import type { Node, NodeAPI, NodeDef } from "node-red";
import { ConfigError } from "../lib/resilience/errors.ts";
import { SharedSite } from "../lib/site/shared-site.ts";

export interface SiteCredentials {
  mqttUser?: string;
  mqttPassword?: string;
}

/** A `vigil-site` node as other nodes see it. */
export interface SiteNode extends Node<SiteCredentials> {
  /** The site itself, or why there is none. */
  shared: SharedSite | Error;
}

/** The site that a node's form refers to, with its id. Throws where there is none, or where its settings cannot work. */
export function findSite(RED: NodeAPI, definition: NodeDef): { id: string; shared: SharedSite } {
  const id = "site" in definition && typeof definition.site === "string" ? definition.site : "";
  const node: Node | null | undefined = id === "" ? null : RED.nodes.getNode(id);
  const shared = node && "shared" in node ? node.shared : null;
  if (shared instanceof SharedSite) return { id, shared };
  if (shared instanceof Error) throw shared;
  throw new ConfigError("NO_SITE", "The node has no site: choose a vigil-site in its form, and enable that");
}
