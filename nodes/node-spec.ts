/** What a node's own file says of the node, and what it gets to work with. */
import type { z } from "zod";
import type { Behaviour, Workspace } from "../lib/site/behaviour.ts";
import type { Trial } from "../lib/site/trials.ts";
import type { StatusView } from "./node-status.ts";

export interface NodeSpec<C, R> {
  readonly type: string;
  readonly config: z.ZodType<C>;
  /** Number of outputs; answers to commands leave by the last. */
  readonly outputs: number;
  readonly credentials?: Readonly<Record<string, { type: "text" | "password" }>>;
  /** How its form has the server that it names tried; absent where there is none. Throws where the settings cannot work. */
  readonly trial?: (config: C) => Trial;
  /** Makes the node's behaviour. What it throws shows on the node, which then only refuses messages. */
  open(config: C, context: NodeContext): NodeBehaviour<R>;
}

/** What a node may use. */
export interface NodeContext extends Workspace {
  /** When Node-RED made the node, in milliseconds since 1970: before this, if the store had to be waited for. */
  readonly madeMs: number;
  /** Node-RED's user directory: what relative paths start from. */
  readonly userDir: string;
  /** Shows the status anew, because what `idle` says has changed. */
  refreshStatus(): void;
}

export interface NodeBehaviour<R> extends Behaviour<R> {
  /** The status while there is nothing to do. */
  idle?(): StatusView;
  /** The status while there is; null, or absent, where the number of jobs says enough. */
  busy?(): StatusView | null;
}
