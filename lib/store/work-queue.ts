/**
 * The durable work queue of one node. A message is journalled before anything else happens to it; its result, the end of
 * the job and what it hands on are one transaction. Whatever is queued when the process dies is resumed by the node's
 * next instance.
 */
import { randomUUID } from "node:crypto";
import type { FlowMessage } from "../domain/message.ts";
import { backoffMs } from "../resilience/backoff.ts";
import type { Clock } from "../resilience/clock.ts";
import { asError, VigilError } from "../resilience/errors.ts";
import type { HandOff, Sent } from "./hand-off.ts";
import type { Delivery, Job, Result } from "./job.ts";
import { jobKey } from "./job-key.ts";
import type { QueuedJob, Receipt } from "./jobs.ts";
import { fromJournal } from "./journal.ts";
import type { Store, Tables } from "./store.ts";

export interface WorkQueueOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly handOff: HandOff;
  readonly nodeId: string;
  readonly stage: string;
  /** Jobs that may run at once. */
  readonly concurrency: number;
  work(job: Job, signal: AbortSignal): Promise<Result>;
  send(messages: readonly Sent[]): void;
  /** A job from before a restart has failed for good: there is nobody's `done` to tell. */
  onResumedFailure(error: Error, message: FlowMessage): void;
  onInterimFailure(error: Error): void;
  /** The queue's depth has changed, or a job has failed and waits (`waitingFor`). */
  onChange(): void;
}

/** While the store itself fails, jobs wait this long before the next try. */
const STORE_RETRY_MS = 5_000;

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #owner = randomUUID();
  readonly #closing = new AbortController();
  readonly #live = new Map<number, Delivery>();
  readonly #running = new Map<number, Promise<void>>();
  #started = false;
  #depth = 0;
  #waitingFor: Error | null = null;
  /** Until when nothing is tried, because the store itself failed. */
  #pausedUntil = 0;
  #cancelTimer = () => {};

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Jobs that are queued, running ones included. */
  get depth(): number {
    return this.#depth;
  }

  /** Why the last job that failed has to wait; null once one ends. */
  get waitingFor(): Error | null {
    return this.#waitingFor;
  }

  /** Takes over what earlier instances of this node left queued, and begins to work. */
  start(): void {
    const { store, nodeId } = this.#options;
    store.transaction((tables) => tables.jobs.claim(nodeId, this.#owner));
    this.#started = true;
    this.#depth = store.jobs.countQueued(nodeId);
    this.#options.onChange();
    this.#pump();
  }

  /** Journals a message and answers its hand-over. A message that this node has taken before is done at once. */
  receive(delivery: Delivery): void {
    const { store, clock } = this.#options;
    const msg = this.#options.handOff.journal(delivery.message);
    const jobId = store.transaction((tables) => {
      answer(tables, delivery, clock.now());
      return tables.jobs.queue(this.#receipt(delivery), this.#owner, msg);
    });
    if (jobId === null) {
      delivery.done();
      return;
    }
    this.#live.set(jobId, delivery);
    this.#changeDepth(1);
    this.#pump();
  }

  /** Takes a message whose work is part of the same transaction. */
  receiveAndSettle(delivery: Delivery, commit: Result["commit"]): void {
    const { store, clock } = this.#options;
    const sent = store.transaction((tables) => {
      const now = clock.now();
      answer(tables, delivery, now);
      if (!tables.jobs.settleAtOnce(this.#receipt(delivery))) return [];
      return this.#options.handOff.prepare(tables, delivery.message, commit(tables), now);
    });
    this.#options.send(sent);
    delivery.done();
  }

  /** Takes a message that does not fit: a Catch node hears why, but not again each time the message is sent again. */
  refuse(delivery: Delivery, error: VigilError): void {
    const { store, clock } = this.#options;
    const isNew = store.transaction((tables) => {
      const { handover } = delivery.message;
      const subjectId = typeof handover === "string" ? tables.handovers.subjectOf(handover) : null;
      answer(tables, delivery, clock.now());
      return tables.jobs.refuse({ ...this.#receipt(delivery), subjectId }, error.code, error.message);
    });
    delivery.done(isNew ? error : undefined);
  }

  /** Stores something that no message asked for (a timer's work), and sends what comes of it. */
  act(base: FlowMessage, commit: Result["commit"]): void {
    const { store, clock } = this.#options;
    this.#options.send(
      store.transaction((tables) => this.#options.handOff.prepare(tables, base, commit(tables), clock.now())),
    );
  }

  /** Stops: running work is aborted, and its jobs stay queued for the next instance. */
  async close(): Promise<void> {
    this.#closing.abort(new VigilError("CLOSING", "The node is closing; the job stays queued", { retryable: true }));
    this.#cancelTimer();
    await Promise.allSettled(this.#running.values());
    this.#live.clear();
  }

  /** Starts what can be started. Called from timers too, so that it must not throw. */
  #pump(): void {
    if (!this.#started || this.#closing.signal.aborted) return;
    const { clock } = this.#options;
    this.#cancelTimer();
    if (clock.now() >= this.#pausedUntil) {
      try {
        this.#startJobs();
        if (this.#depth === 0) this.#waitingFor = null;
        return;
      } catch (storeError) {
        this.#pause(asError(storeError));
      }
    }
    this.#cancelTimer = clock.after(this.#pausedUntil - clock.now(), () => this.#pump());
  }

  #startJobs(): void {
    const { store, clock, concurrency, nodeId } = this.#options;
    while (this.#running.size < concurrency) {
      const row = store.jobs.pick(nodeId, this.#owner, this.#running.keys(), clock.now());
      if (!row) {
        const due = store.jobs.nextDue(nodeId, this.#owner, this.#running.keys());
        if (due !== null) this.#cancelTimer = clock.after(due - clock.now(), () => this.#pump());
        return;
      }
      this.#running.set(row.job_id, this.#run(row));
    }
  }

  /** The store itself fails: everything stays as it is there, and is tried again unless that cannot help. */
  #pause(storeError: Error): void {
    const canPass = !(storeError instanceof VigilError) || storeError.retryable;
    this.#waitingFor = storeError;
    this.#pausedUntil = canPass ? this.#options.clock.now() + STORE_RETRY_MS : Number.POSITIVE_INFINITY;
    this.#options.onChange();
  }

  async #run(row: QueuedJob): Promise<void> {
    // The caller notes the run before the work can end.
    await null;
    let message: FlowMessage = {};
    try {
      message = this.#live.get(row.job_id)?.message ?? fromJournal(row.msg);
      const job: Job = { message, interim: (commit) => this.#interim(job.message, commit) };
      this.#settle(row, message, await this.#options.work(job, this.#closing.signal));
    } catch (thrown) {
      if (!this.#closing.signal.aborted) this.#fail(row, message, asError(thrown));
    } finally {
      this.#running.delete(row.job_id);
    }
    this.#pump();
  }

  /** What goes ahead of a result is worth a warning when it fails, and not the job. */
  #interim(message: FlowMessage, commit: Result["commit"]): void {
    if (this.#closing.signal.aborted) return;
    try {
      this.act(message, commit);
    } catch (error) {
      this.#options.onInterimFailure(asError(error));
    }
  }

  #settle(row: QueuedJob, message: FlowMessage, result: Result): void {
    const { store, clock } = this.#options;
    const { failure } = result;
    const sent = store.transaction((tables) => {
      const now = clock.now();
      const ended = failure
        ? tables.jobs.dead(row.job_id, this.#owner, failure.code, failure.message, now)
        : tables.jobs.done(row.job_id, this.#owner, now);
      if (!ended) return null;
      return this.#options.handOff.prepare(tables, message, result.commit(tables), now);
    });
    if (sent === null) {
      this.#letGo(row);
      return;
    }
    this.#options.send(sent);
    this.#end(row, message, failure);
  }

  #fail(row: QueuedJob, message: FlowMessage, error: Error): void {
    const { store, clock } = this.#options;
    const code = error instanceof VigilError ? error.code : "UNEXPECTED";
    const retry = error instanceof VigilError && error.retryable;
    let isOurs: boolean;
    try {
      isOurs = store.transaction(({ jobs }) => {
        const now = clock.now();
        if (!retry) return jobs.dead(row.job_id, this.#owner, code, error.message, now);
        return jobs.defer(row.job_id, this.#owner, code, error.message, now + backoffMs(row.attempts + 1));
      });
    } catch (storeError) {
      this.#pause(asError(storeError));
      return;
    }
    if (!isOurs) this.#letGo(row);
    else if (retry) {
      this.#waitingFor = error;
      this.#options.onChange();
    } else this.#end(row, message, error);
  }

  /** Another instance owns the job by now, and what came of it here does not count. */
  #letGo(row: QueuedJob): void {
    this.#live.delete(row.job_id);
    this.#changeDepth(-1);
  }

  #end(row: QueuedJob, message: FlowMessage, error: Error | undefined): void {
    const live = this.#live.get(row.job_id);
    this.#live.delete(row.job_id);
    this.#waitingFor = null;
    this.#changeDepth(-1);
    if (live) live.done(error);
    else if (error) this.#options.onResumedFailure(error, message);
  }

  #changeDepth(by: number): void {
    this.#depth += by;
    this.#options.onChange();
  }

  #receipt(delivery: Delivery): Receipt {
    const { nodeId, stage, clock } = this.#options;
    return {
      nodeId,
      stage,
      key: jobKey(delivery.message),
      subjectId: delivery.subject?.id ?? null,
      cameraId: delivery.cameraId ?? "",
      priority: delivery.priority,
      now: clock.now(),
    };
  }
}

function answer(tables: Tables, { message, subject }: Delivery, now: number): void {
  tables.handovers.answer(typeof message.handover === "string" ? message.handover : null, subject, now);
}
