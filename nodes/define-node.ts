/** Registers a node with Node-RED, and says what is wrong with one that cannot work. */
import type { Node, NodeAPI, NodeDef } from "node-red";
import type { FlowMessage } from "../lib/domain/message.ts";
import { systemClock } from "../lib/resilience/clock.ts";
import { asError, StoreError } from "../lib/resilience/errors.ts";
import { configError } from "./node-glue.ts";
import type { NodeSpec } from "./node-spec.ts";
import { NodeStatus } from "./node-status.ts";
import { RunningNode } from "./running-node.ts";
import { findSite } from "./site-node.ts";
import { serveTrial } from "./trial-admin.ts";

/** A store that cannot be opened may be in use by a Node-RED that is still ending, or on a drive that is still away. */
const REOPEN_MS = 5_000;
/** Until then messages wait; this long each, and so many of them. */
const HOLD_MS = 8_000;
const MOST_HELD = 1_000;

interface Held {
  readonly message: FlowMessage;
  readonly done: (error?: Error) => void;
  readonly cameMs: number;
}

/** The function that Node-RED calls to load a node. */
export function defineNode<C, R>(spec: NodeSpec<C, R>) {
  return (RED: NodeAPI) => {
    function VigilNode(this: Node, definition: NodeDef) {
      RED.nodes.createNode(this, definition);
      const open = opener(RED, this, spec, definition);
      let running = open();
      let held: Held[] = [];
      let cancelRetry = () => {};
      const take = (each: Held) => {
        const mayWait = held.length < MOST_HELD && systemClock.monotonic() - each.cameMs < HOLD_MS;
        if (running instanceof RunningNode) running.input(each.message, each.done);
        else if (mayPass(running) && mayWait) held.push(each);
        else each.done(running);
      };
      const retry = () => {
        running = open();
        if (running instanceof RunningNode) running.flowsStarted();
        else if (mayPass(running)) cancelRetry = systemClock.after(REOPEN_MS, retry);
        const waiting = held;
        held = [];
        for (const each of waiting) take(each);
      };
      if (mayPass(running)) cancelRetry = systemClock.after(REOPEN_MS, retry);
      this.on("input", (message, _send, done) => take({ message, done, cameMs: systemClock.monotonic() }));
      this.on("close", (_removed: boolean, done: () => void) => {
        cancelRetry();
        if (!(running instanceof RunningNode)) for (const each of held.splice(0)) each.done(running);
        if (running instanceof RunningNode) void running.close().finally(done);
        else done();
      });
    }
    const { type, config, trial } = spec;
    if (trial) serveTrial(RED, { type, config, trial });
    RED.nodes.registerType(type, VigilNode, spec.credentials ? { credentials: { ...spec.credentials } } : {});
  };
}

/** Whether the node may be able to work later, though nothing is changed. */
function mayPass(state: unknown): boolean {
  return state instanceof StoreError && state.retryable;
}

/** Makes the node, or says why it cannot work: once on itself, and on each message, and it disturbs no other. */
function opener<C, R>(RED: NodeAPI, node: Node, spec: NodeSpec<C, R>, definition: NodeDef) {
  const madeMs = systemClock.now();
  let said = "";
  return (): RunningNode<C, R> | Error => {
    try {
      const config = spec.config.safeParse({ ...definition, ...node.credentials });
      if (!config.success) throw configError(config.error);
      return new RunningNode(RED, node, spec, config.data, findSite(RED, definition), madeMs);
    } catch (thrown) {
      const error = asError(thrown);
      if (error.message === said) return error;
      said = error.message;
      new NodeStatus(RED, node).show({ fill: "red", shape: "ring", key: "refusing" });
      node.error(said);
      return error;
    }
  };
}
