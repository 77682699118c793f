/** What a node's own file says of the node, and what it gets to work with. */
import type { z } from "zod";
import type { FlowMessage } from "../lib/domain/message.ts";
import type { Site } from "../lib/site/site.ts";
import type { InstantStage, Output, SlowStage, Tables } from "../lib/site/stage.ts";
import type { StatusView } from "./node-status.ts";

export interface NodeSpec<C, R> {
  readonly type: string;
  readonly config: z.ZodType<C>;
  /** Number of outputs; answers to commands leave by the last. */
  readonly outputs: number;
  readonly credentials?: Readonly<Record<string, { type: "text" | "password" }>>;
  /** Makes the node's behaviour. What it throws shows on the node, which then only refuses messages. */
  open(config: C, context: NodeContext): NodeBehaviour<R>;
}

/** Gets `msg.payload`; what it answers leaves by the last output. */
export type Command = (payload: unknown) => unknown;

/** What a node may use. */
export interface NodeContext {
  /** The name by which the store knows the node. */
  readonly nodeId: string;
  readonly site: Site;
  /** When Node-RED made the node, in milliseconds since 1970: before this, if the store had to be waited for. */
  readonly madeMs: number;
  /** Node-RED's user directory: what relative paths start from. */
  readonly userDir: string;
  /** Stores something that no message asked for, in one transaction, then sends what comes of it. */
  act(base: FlowMessage, commit: (tables: Tables) => readonly Output[]): void;
  /** The plain part of a message as JSON. */
  journal(message: FlowMessage): string;
  /** Reports an error that belongs to no message. */
  report(error: Error): void;
  /** Shows the status anew, because what `idle` says has changed. */
  refreshStatus(): void;
}

export interface NodeBehaviour<R> {
  /** What the node does with records; absent on a node that takes commands only. */
  readonly stage?: SlowStage<R> | InstantStage<R>;
  /** Beside those that every node knows. */
  readonly commands?: Readonly<Record<string, Command>>;
  /** Called before a dead letter about this is tried again. */
  onReplay?(subjectId: string): void;
  /** Called when what a deleted node has left has become this node's. */
  onAdopt?(): void;
  /** The status while there is nothing to do. */
  idle?(): StatusView;
  /** Called once the flows run. */
  start?(): void | Promise<void>;
  close?(): void | Promise<void>;
}
