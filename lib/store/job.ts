/** A node's work, from the message that arrives to what comes of it. */
import type { FlowMessage } from "../domain/message.ts";
import type { VigilError } from "../resilience/errors.ts";
import type { Output } from "./hand-off.ts";
import type { Subject } from "./handovers.ts";
import type { Tables } from "./store.ts";

/** What a piece of work brings forth. */
export interface Result {
  /**
   * Writes it down in the transaction that ends the job, and says what leaves the node. The two are one step because
   * some of what leaves, an event's revision for one, is only known once it is written.
   */
  commit(tables: Tables): readonly Output[];
  /** False where the server that the work needs was not asked: then the result says nothing of that. */
  readonly askedServer?: false;
  /** Set where the result stands but the job counts as failed: it becomes a dead letter, and a Catch node hears of it. */
  readonly failure?: VigilError;
}

/** A message as it arrives at a node, with what the node knows of it. */
export interface Delivery {
  readonly message: FlowMessage;
  /** The `jobKey` of the message as it arrived. */
  readonly key: string;
  readonly subject: Subject | null;
  /** Empty on a message that is refused. */
  readonly cameraId: string;
  /** Higher goes first. */
  readonly priority: number;
  /** It must be on the disk before anybody hears of it: nobody can send it again, or what comes of it cannot be undone. */
  readonly durable: boolean;
  /**
   * Called once: when the work has ended, with the error where it failed for good, or when the message is in the journal
   * where a thousand wait already.
   */
  readonly done: (error?: Error) => void;
}

/** Work that a node queues by itself. */
export interface Errand {
  /** Unique to the node. */
  readonly key: string;
  readonly subjectId: string;
  readonly cameraId: string;
  /** Plain JSON. */
  readonly payload: object;
  /** One of the node's lanes; absent: it waits its turn with the node's other work. */
  readonly lane?: string;
}

/** A job to work on: a message, live or from the journal. */
export interface Job {
  readonly message: FlowMessage;
  /** Stores and sends something before the job has ended, such as an estimate. */
  interim(commit: Result["commit"]): void;
}

/** What becomes of a job whose server has been away for as long as it may wait. */
export interface GiveUp {
  readonly afterMs: number;
  /** The end of the job, without its server. */
  end(job: Job, signal: AbortSignal): Promise<Result>;
}

/**
 * Merges waiting jobs of one camera into the first, inside a transaction: gets their payloads, and answers the merged one
 * and the indices of those that it took in; null where none can be.
 */
export type Merge = (
  tables: Tables,
  payloads: readonly unknown[],
) => { readonly payload: unknown; readonly absorbed: readonly number[] } | null;
