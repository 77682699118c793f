/** What a node hands in to take part in a pipeline: either slow work, or work that is one transaction. */
import type { z } from "zod";
import type { FlowMessage } from "../domain/message.ts";
import type { AskableServer } from "../domain/server-report.ts";
import type { ServerGate } from "../resilience/server-gate.ts";
import type { Output } from "../store/hand-off.ts";
import type { Subject } from "../store/handovers.ts";
import type { Errand, GiveUp, Job, Result } from "../store/job.ts";
import type { Tables } from "../store/store.ts";

export type { Errand, Job, Output, Result, Subject, Tables };

interface StageBase<R> {
  /** What `msg.payload` must be. */
  readonly input: z.ZodType<R>;
  /** `key`: that of a job which is the same work, where there is one that the message does not tell (`jobKey`). */
  describe(record: R): { subject: Subject; cameraId: string; priority: number; key?: string };
  /** Makes a record of a payload that is none yet, such as a picture's bytes, before the message is journalled. */
  admit?(message: FlowMessage): Promise<unknown>;
}

/** Slow or fallible work: journalled on receipt, retried, resumed after a restart. */
export interface SlowStage<R> extends StageBase<R> {
  /** The server that the work needs, shared with the other nodes that use it; absent where it needs none. */
  readonly gate?: ServerGate;
  /** The same server, to be asked how it is. */
  readonly server?: AskableServer;
  /** How many jobs may run at once. */
  readonly concurrency: number;
  /**
   * Merges waiting records of one camera into the first, inside a transaction: answers the merged one and the indices of
   * those that it took in, or null where none can be.
   */
  merge?(tables: Tables, records: readonly R[]): { record: R; absorbed: readonly number[] } | null;
  work(record: R, job: Job, signal: AbortSignal): Promise<Result>;
  /**
   * While the server is away: what goes ahead of the result, such as an estimate. Done for each job that waits, also one
   * that runs or for which it was done before.
   */
  whileAway?(record: R, job: Job, signal: AbortSignal): Promise<void>;
  /** How long a record may wait for a server that is away, and what becomes of it then; absent: it waits without an end. */
  readonly giveUp?: Pick<GiveUp, "afterMs"> & { end(record: R, job: Job, signal: AbortSignal): Promise<Result> };
}

/**
 * Slow work that a node owes after a transaction of its own, such as telling somebody of what it has decided. Kept, tried
 * again and given up as the messages of a slow stage are.
 */
export interface Errands {
  /** How many may run at once. */
  readonly concurrency: number;
  /** `payload`: as it was queued, and to be checked. */
  work(payload: unknown, job: Job, signal: AbortSignal): Promise<Result>;
}

/** Work that is part of the transaction that takes the message. */
export interface InstantStage<R> extends StageBase<R> {
  /** Where a message goes when the store cannot answer; absent where it fails instead. */
  readonly openPort?: number;
  /** Set where what leaves the node cannot be undone, such as an alert. */
  readonly durable?: boolean;
  settle(record: R, message: FlowMessage, tables: Tables): readonly Output[];
  /**
   * What takes time and must be known before a record is settled; null where that is nothing. What it answers settles the
   * record, instead of `settle`. Of such messages, one is prepared and settled after the other, in the order in which they
   * came. Rejects with nothing but a StoreError, as settling throws.
   */
  prepare?(record: R): (() => Promise<InstantStage<R>["settle"]>) | null;
}
