/** The flow under test, and what a user does to it. */
import type { NodeConfig } from "../support/flow.ts";
import type { Dice } from "./dice.ts";

export interface Surface {
  readonly dataDir: string;
  readonly cameras: string;
  readonly detectorUrl: string;
  readonly llmUrl: string;
  readonly mqttUrl: string;
}

const TAB = "tab";
/** Not the name: Node-RED takes any property that equals a config node's id for a reference to it. */
const SITE = "the-site";
/** In the order that a picture passes them; `rules` judges beside `analyze`, so that each batch has two takers. */
const PIPELINE = ["watch", "dedupe", "detect", "batch", "analyze", "rules", "alert"];
/** Events of each batch. */
export const JUDGES = 2;

export class Wiring {
  #nodes: NodeConfig[];
  #changes = 0;

  constructor(surface: Surface) {
    this.#nodes = pipeline(surface);
  }

  get nodes(): readonly NodeConfig[] {
    return this.#nodes;
  }

  /** Changes something that does not matter in one node: that one is made anew by the next deploy. */
  touch(dice: Dice): void {
    const name = dice.pick(["site", ...PIPELINE]);
    this.#changes += 1;
    this.#change(name, { info: `changed ${this.#changes} times` });
  }

  /** Disables a node behind the watch; the answer enables it again. */
  disable(dice: Dice): () => void {
    const name = dice.pick(PIPELINE.slice(1));
    this.#change(name, { d: true });
    return () => this.#change(name, { d: false });
  }

  /** Deletes a node behind the watch and imports it again, wired as before: it has another id. */
  reimport(dice: Dice): void {
    const name = dice.pick(PIPELINE.slice(1));
    const old = this.#find(name).id;
    this.#changes += 1;
    const id = `${name}-${this.#changes}`;
    this.#nodes = this.#nodes.map((node) => ({
      ...node,
      id: node.id === old ? id : node.id,
      ...(node.wires && { wires: node.wires.map((ids) => ids.map((wired) => (wired === old ? id : wired))) }),
    }));
  }

  #find(name: string): NodeConfig {
    const node = this.#nodes.find((each) => each.name === name);
    if (!node) throw new Error(`the flow has no node called ${name}`);
    return node;
  }

  #change(name: string, properties: Record<string, unknown>): void {
    const { id } = this.#find(name);
    this.#nodes = this.#nodes.map((node) => (node.id === id ? { ...node, ...properties } : node));
  }
}

function pipeline({ dataDir, cameras, detectorUrl, llmUrl, mqttUrl }: Surface): NodeConfig[] {
  const node = (name: string, type: string, to: string[], config: Record<string, unknown>, outputs: number) => {
    const wires = Array.from({ length: outputs }, (_, port) => (port === 0 ? to : []));
    return { id: name, name, type, z: TAB, x: 0, y: 0, site: SITE, wires, ...config };
  };
  return [
    { id: TAB, type: "tab", label: "Soak" },
    { id: SITE, name: "site", type: "vigil-site", site: "soak", dataDir, mqttUrl, timeZone: "UTC" },
    node("watch", "foscam-watch", ["dedupe"], { folder: cameras, stable: "0.4" }, 3),
    node("dedupe", "dedupe", ["detect"], { window: "86400" }, 3),
    node("detect", "detect", ["batch"], { url: detectorUrl, timeout: "1", concurrency: "3" }, 3),
    node("batch", "batch-window", ["analyze", "rules"], { window: "3", idle: "0.5" }, 2),
    node("analyze", "nemotron-analyze", ["alert"], { url: llmUrl, timeout: "1" }, 2),
    node("rules", "nemotron-analyze", ["alert"], {}, 2),
    node("alert", "risk-alert", [], { rules: [{ name: "Any", events: "all", minScore: 10, cooldown: 0 }] }, 3),
  ];
}
