/** How a site finds its `vigil-home-assistant`. */
import type { Node, NodeAPI } from "node-red";
import { HomeAssistant } from "../lib/homeassistant/home-assistant.ts";

export interface HomeAssistantCredentials {
  token?: string;
}

export interface HomeAssistantNode extends Node<HomeAssistantCredentials> {
  /** Null where no address is set; absent where the settings cannot work, which the node itself has said. */
  homeAssistant?: HomeAssistant | null;
}

/** The Home Assistant of the node with this id; null where there is none to use. */
export function findHomeAssistant(RED: NodeAPI, id: string): HomeAssistant | null {
  const node: Node | null | undefined = id === "" ? null : RED.nodes.getNode(id);
  return node && "homeAssistant" in node && node.homeAssistant instanceof HomeAssistant ? node.homeAssistant : null;
}
