/** Flows in a real Node-RED runtime, with Vigil's nodes from their sources. */
import { createRequire } from "node:module";
import helper from "node-red-node-test-helper";
import type { FlowMessage } from "../../lib/domain/message.ts";
import batchWindow from "../../nodes/batch-window.ts";
import dedupe from "../../nodes/dedupe.ts";
import detect from "../../nodes/detect.ts";
import enrich from "../../nodes/enrich.ts";
import foscamWatch from "../../nodes/foscam-watch.ts";
import gpuMonitor from "../../nodes/gpu-monitor.ts";
import nemotronAnalyze from "../../nodes/nemotron-analyze.ts";
import riskAlert from "../../nodes/risk-alert.ts";
import vigilHomeAssistant from "../../nodes/vigil-home-assistant.ts";
import vigilSite from "../../nodes/vigil-site.ts";
import { eventually } from "./eventually.ts";

const NODES = [
  vigilSite,
  vigilHomeAssistant,
  foscamWatch,
  dedupe,
  detect,
  batchWindow,
  enrich,
  nemotronAnalyze,
  riskAlert,
  gpuMonitor,
];
const CONFIG_TYPES: readonly string[] = ["vigil-site", "vigil-home-assistant"];
const TAB = "tab";

export interface NodeConfig {
  readonly id: string;
  readonly type: string;
  readonly wires?: readonly (readonly string[])[];
  readonly [property: string]: unknown;
}

/** What a node of type `helper` has received. */
export interface Inbox {
  readonly messages: FlowMessage[];
  /** The first message that fits, waited for. */
  next(fits?: (message: FlowMessage) => boolean): Promise<FlowMessage>;
}

export interface Flow {
  /** Sends a message to a node's input. */
  send(nodeId: string, message: FlowMessage): void;
  /** What a `helper` node of the flow receives, since the flow was started. */
  inbox(nodeId: string): Inbox;
  /** The texts of a node's statuses so far. */
  statuses(nodeId: string): string[];
  /** Errors and warnings that nodes have logged. */
  readonly log: readonly string[];
  deploy(nodes: readonly NodeConfig[], type: "full" | "flows" | "nodes"): Promise<void>;
  /** Asks what the nodes serve to the editor. */
  admin(method: "get" | "delete", path: string): Promise<{ status: number; body: unknown }>;
  stop(): Promise<void>;
}

helper.init(createRequire(import.meta.url).resolve("node-red"));

/** Starts a flow on one tab; resolves when its nodes run. */
export async function startFlow(
  nodes: readonly NodeConfig[],
  credentials: Record<string, Record<string, string>> = {},
): Promise<Flow> {
  await helper.load(NODES, onTab(nodes), credentials);
  const inboxes = new Map<string, FlowMessage[]>();
  const log: string[] = [];
  const statuses = new Map<string, string[]>();
  const attached = new WeakSet<object>();
  const attach = (list: readonly NodeConfig[]) => {
    for (const { id, type } of list) {
      const node = helper.getNode(id);
      // A deploy makes some nodes anew and leaves others alone.
      if (!node || attached.has(node)) continue;
      attached.add(node);
      if (type === "helper") {
        const messages = inboxes.get(id) ?? [];
        inboxes.set(id, messages);
        node.on("input", (message, _send, done) => {
          messages.push(message);
          done();
        });
      }
      for (const level of ["warn", "error"] as const) {
        const note = (call: unknown) => log.push(`${id} ${level}: ${firstArgument(call)}`);
        for (const args of callsOf(node[level])) note({ args });
        node.on(`call:${level}` as "input", note);
      }
      const note = (call: unknown) => statuses.set(id, [...(statuses.get(id) ?? []), statusText(call)]);
      for (const args of callsOf(node.status)) note({ args });
      node.on("call:status" as "input", note);
    }
  };
  attach(nodes);
  return {
    log,
    send: (nodeId, message) => helper.getNode(nodeId).receive(message),
    inbox: (nodeId) => {
      const messages = inboxes.get(nodeId);
      if (!messages) throw new Error(`"${nodeId}" is no helper node of this flow`);
      return {
        messages,
        next: (fits = () => true) => eventually(() => messages.find(fits), `a message at ${nodeId}`),
      };
    },
    statuses: (nodeId) => statuses.get(nodeId) ?? [],
    deploy: async (changed, type) => {
      await helper.setFlows(onTab(changed), type, credentials);
      attach(changed);
    },
    admin: async (method, path) => {
      const { status, body } = await helper.request()[method](path);
      return { status, body };
    },
    stop: async () => {
      await helper.unload();
    },
  };
}

/** Catch and Complete nodes only see nodes of their own tab. */
function onTab(nodes: readonly NodeConfig[]) {
  const placed = nodes.map((node) =>
    CONFIG_TYPES.includes(node.type) ? node : { x: 0, y: 0, z: TAB, wires: [], ...node },
  );
  return [{ id: TAB, type: "tab", label: "test" }, ...placed] as Parameters<typeof helper.load>[1];
}

/** The arguments with which a node's method, a spy here, has been called so far: while the node was made, for one. */
function callsOf(spy: object): readonly unknown[] {
  return "args" in spy && Array.isArray(spy.args) ? spy.args : [];
}

function firstArgument(call: unknown): unknown {
  return typeof call === "object" && call !== null && "args" in call && Array.isArray(call.args) ? call.args[0] : call;
}

function statusText(call: unknown): string {
  const status = firstArgument(call);
  return typeof status === "object" && status !== null && "text" in status ? String(status.text) : "";
}
