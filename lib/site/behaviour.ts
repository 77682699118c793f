/** What a node of the pipeline does, and what it gets to do it with. */
import type { FlowMessage } from "../domain/message.ts";
import type { ServerError } from "../resilience/errors.ts";
import type { Site } from "./site.ts";
import type { Errand, Errands, InstantStage, Output, SlowStage, Tables } from "./stage.ts";

/** What a node may use. */
export interface Workspace {
  /** The name by which the store knows the node. */
  readonly nodeId: string;
  readonly site: Site;
  /** Stores something that no message asked for, in one transaction, then sends what comes of it. */
  act(base: FlowMessage, commit: (tables: Tables) => readonly Output[]): void;
  /** Sends something that is kept nowhere, and that a store which cannot answer must not hold back. */
  tell(port: number, topic: string, payload: unknown): void;
  /** Queues an errand in a transaction; one that the node has had before is not queued again. */
  queueErrand(tables: Tables, errand: Errand): void;
  /** The plain part of a message as JSON. */
  journal(message: FlowMessage): string;
  /** Reports an error that belongs to no message. */
  report(error: Error): void;
}

/** Gets `msg.payload`; what it answers leaves by the last output. */
export type Command = (payload: unknown) => unknown;

/** A server that a node asks beside its work, which goes on without it. */
export interface SideService {
  /** Its address, without credentials. */
  readonly name: string;
  /** Why it is thought to be away; null while it is not. */
  readonly outage: ServerError | null;
}

/** What a node does. */
export interface Behaviour<R> {
  /** What it does with records; absent on a node that takes commands only. */
  readonly stage?: SlowStage<R> | InstantStage<R>;
  /** What a message without a command does on a node that takes no records. */
  readonly trigger?: () => Promise<void>;
  /** How it runs the errands that it queues; not beside a slow stage. */
  readonly errands?: Errands;
  /** Errands that neither wait for other work of the node nor hold it up, each lane with a queue of its own. */
  readonly lanes?: Readonly<Record<string, Errands>>;
  readonly sideServices?: readonly SideService[];
  /** Beside those that every node knows. */
  readonly commands?: Readonly<Record<string, Command>>;
  /** Called before a dead letter about this is tried again. */
  onReplay?(subjectId: string): void;
  /** Called when the node has taken over what a deleted one left. */
  onAdopt?(): void;
  /** Called once the flows run. */
  start?(): void | Promise<void>;
  close?(): void | Promise<void>;
}
