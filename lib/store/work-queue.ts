/**
 * The durable work queue of one node. A message is journalled before anything else happens to it. Whatever is queued
 * when the process dies is resumed by the node's next instance.
 */
import type { FlowMessage } from "../domain/message.ts";
import type { Clock } from "../resilience/clock.ts";
import type { ToolError, VigilError } from "../resilience/errors.ts";
import type { ServerGate } from "../resilience/server-gate.ts";
import type { HandOff, Sent } from "./hand-off.ts";
import type { Delivery, Errand, GiveUp, Job, Merge, Result } from "./job.ts";
import { JobRunner } from "./job-runner.ts";
import type { Receipt } from "./jobs.ts";
import type { Store, Tables } from "./store.ts";

export interface WorkQueueOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly handOff: HandOff;
  readonly nodeId: string;
  readonly stage: string;
  /** The server that the work needs, or a gate of the node's own. */
  readonly gate: ServerGate;
  /** Jobs that may run at once, those of other nodes at the same server included. */
  readonly concurrency: number;
  work(job: Job, signal: AbortSignal): Promise<Result>;
  /** What may go ahead of a job's result while the server is away; done at least once for each job that waits for it. */
  readonly whileAway?: ((job: Job, signal: AbortSignal) => Promise<void>) | undefined;
  /** Without it, jobs wait for their server without an end. */
  readonly giveUp?: GiveUp | undefined;
  readonly merge?: Merge | undefined;
  send(messages: readonly Sent[]): void;
  /** A job from before a restart has failed for good: there is nobody's `done` to tell. */
  onResumedFailure(error: Error, message: FlowMessage): void;
  onInterimFailure(error: Error): void;
  /** Work was found to need a program that is not on this machine. */
  onMissing(error: ToolError): void;
  /** The queue's depth or its dead letters have changed, or a job has failed and waits (`waitingFor`). */
  onChange(): void;
}

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #runner: JobRunner;
  #refused = 0;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#runner = new JobRunner(options);
  }

  /** Jobs that are queued, running ones included. */
  get depth(): number {
    return this.#runner.depth;
  }

  /** Queued jobs that wait for a program that they need, out of the way of the others. */
  get parked(): number {
    return this.#runner.parked;
  }

  /** Jobs that are worked on. */
  get running(): number {
    return this.#runner.running;
  }

  /** Messages that did not fit, so far. */
  get refused(): number {
    return this.#refused;
  }

  /** Jobs that have failed for good and wait for somebody to replay or discard them. */
  get dead(): number {
    return this.#runner.dead;
  }

  /** Why jobs have to wait; null while they need not. */
  get waitingFor(): Error | null {
    return this.#runner.waitingFor;
  }

  /** Takes over what earlier instances of this node left queued, and begins to work. */
  start(): void {
    this.#runner.start();
  }

  /** Looks at the store anew: its jobs have been changed from outside, or the clock has. */
  refresh(): void {
    this.#runner.refresh();
  }

  /** Journals a message and answers its hand-over. A message that this node has taken before is done at once. */
  receive(delivery: Delivery): void {
    const { store, clock, handOff } = this.#options;
    const { json: msg, dropped } = handOff.entry(delivery.message);
    const journal = (tables: Tables) => {
      answer(tables, delivery, clock.now());
      return tables.jobs.queue(this.#receipt(delivery), msg);
    };
    const jobId = delivery.durable ? store.durableTransaction(journal) : store.transaction(journal);
    if (jobId === null) delivery.done();
    else this.#runner.add(jobId, delivery, dropped.length === 0);
  }

  /** Takes a message whose work is part of the same transaction. */
  receiveAndSettle(delivery: Delivery, commit: Result["commit"]): void {
    const { store, clock, handOff, send } = this.#options;
    const settle = (tables: Tables) => {
      const now = clock.now();
      answer(tables, delivery, now);
      if (!tables.jobs.settleAtOnce(this.#receipt(delivery))) return [];
      return handOff.prepare(tables, delivery.message, commit(tables), now);
    };
    const sent = delivery.durable ? store.durableTransaction(settle) : store.transaction(settle);
    send(sent);
    delivery.done();
  }

  /** Queues work that no message asked for, inside a transaction, unless the node has had it before. */
  queueErrand(tables: Tables, { key, subjectId, cameraId, payload }: Errand): void {
    const { nodeId, stage, clock } = this.#options;
    const receipt = { nodeId, stage, key, subjectId, cameraId, priority: 0, now: clock.now() };
    if (tables.jobs.queue(receipt, JSON.stringify({ payload })) === null) return;
    tables.afterCommit(() => this.#runner.refresh());
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
    if (isNew) this.#refused += 1;
    delivery.done(isNew ? error : undefined);
  }

  /** Stores something that no message asked for (a timer's work), and sends what comes of it. */
  act(base: FlowMessage, commit: Result["commit"]): void {
    const { store, clock, handOff, send } = this.#options;
    send(store.transaction((tables) => handOff.prepare(tables, base, commit(tables), clock.now())));
  }

  /** Stops: running work is aborted, and its jobs stay queued for the next instance. */
  close(): Promise<void> {
    return this.#runner.close();
  }

  #receipt(delivery: Delivery): Receipt {
    const { nodeId, stage, clock } = this.#options;
    const { key, subject, cameraId, priority } = delivery;
    return {
      nodeId,
      stage,
      key,
      subjectId: subject?.id ?? null,
      cameraId,
      priority,
      now: clock.now(),
    };
  }
}

function answer(tables: Tables, { message, subject }: Delivery, now: number): void {
  tables.handovers.answer(typeof message.handover === "string" ? message.handover : null, subject, now);
}
