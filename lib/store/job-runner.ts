/**
 * Runs the queued jobs of one node as its gate lets them in. The result of a job, its end and what it hands on are one
 * transaction; whatever has no result yet stays queued.
 */
import { randomUUID } from "node:crypto";
import type { FlowMessage } from "../domain/message.ts";
import { backoffMs } from "../resilience/backoff.ts";
import { asError, ToolError, VigilError } from "../resilience/errors.ts";
import type { Caller, Offer, Visit } from "../resilience/server-gate.ts";
import type { Delivery, GiveUp, Result } from "./job.ts";
import { mergeSiblings } from "./job-merging.ts";
import type { QueuedJob } from "./jobs.ts";
import { LiveMessages } from "./live-messages.ts";
import { Scout } from "./scout.ts";
import { WaitingLimit } from "./waiting-limit.ts";
import { WorkAhead } from "./work-ahead.ts";
import type { WorkQueueOptions } from "./work-queue.ts";

/** While the store itself fails, jobs wait this long before the next try. */
const STORE_RETRY_MS = 5_000;
/** A job that fails so often at a server that had worked until then is itself at fault. */
const MOST_FAULTS = 3;

export class JobRunner implements Caller {
  readonly #options: WorkQueueOptions;
  readonly #owner = randomUUID();
  readonly #closing = new AbortController();
  readonly #live = new LiveMessages();
  readonly #running = new Map<number, Promise<void>>();
  readonly #ahead: WorkAhead | null;
  readonly #waitingLimit: WaitingLimit | null;
  readonly #scout: Scout;
  #depth = 0;
  #dead = 0;
  #servedCamera = "";
  #waitingFor: Error | null = null;
  /** While the store fails: until when nothing is tried, in monotonic milliseconds. */
  #pausedUntil = 0;
  #cancelTimer = () => {};
  /** Set once it has been started. */
  #leaveGate: (() => void) | null = null;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#ahead = this.#openAhead();
    this.#waitingLimit = this.#openWaitingLimit();
    const { store, clock, nodeId } = options;
    this.#scout = new Scout({ store, clock, nodeId, onUnparked: () => this.#comeBack() });
  }

  get depth(): number {
    return this.#depth;
  }

  get running(): number {
    return this.#running.size;
  }

  get parked(): number {
    return this.#scout.waiting;
  }

  get dead(): number {
    return this.#dead;
  }

  get waitingFor(): Error | null {
    if (this.#depth === 0) return null;
    return this.#options.gate.outage ?? this.#waitingFor;
  }

  start(): void {
    const { store, nodeId, gate, concurrency } = this.#options;
    // What comes too late must not take the jobs from the next instance.
    if (this.#closing.signal.aborted) return;
    store.transaction((tables) => tables.jobs.claim(nodeId, this.#owner));
    this.#leaveGate ??= gate.join(this, concurrency);
    this.refresh();
    this.#waitingLimit?.start();
  }

  refresh(): void {
    const { store, nodeId, onChange } = this.#options;
    this.#depth = store.jobs.count(nodeId, "queued");
    this.#dead = store.jobs.count(nodeId, "dead");
    this.#scout.refresh();
    onChange();
    this.#wake();
    this.#ahead?.reset();
  }

  /** Adds a job; `isWhole`: the journal has all of its message. */
  add(jobId: number, delivery: Delivery, isWhole: boolean): void {
    this.#live.add(jobId, delivery, isWhole);
    this.#changeDepth(1);
    this.#wake();
    this.#ahead?.look();
  }

  /** Looks for something to do. Must not throw: timers call it. */
  #wake(): void {
    if (this.#leaveGate) this.#options.gate.pump();
  }

  #changeDepth(by: number): void {
    this.#depth += by;
    this.#options.onChange();
  }

  /** See `Caller`. */
  offer(): Offer | null {
    const { store, clock, nodeId } = this.#options;
    const now = clock.now();
    this.#cancelTimer();
    if (this.#closing.signal.aborted || this.#running.size === this.#depth - this.#scout.parked) return null;
    const pause = this.#pausedUntil - clock.monotonic();
    if (pause > 0) {
      this.#wakeIn(pause);
      return null;
    }
    try {
      const job = store.jobs.pick(nodeId, this.#owner, this.#running, this.#servedCamera, now);
      if (job) return { priority: job.priority, start: (visit) => this.#start(job, visit) };
      const due = store.jobs.nextDue(nodeId, this.#owner, now);
      if (due !== null) this.#wakeIn(due - now);
    } catch (storeError) {
      this.#pause(asError(storeError));
    }
    return null;
  }

  /** See `Caller`. */
  onAway(): void {
    this.#ahead?.look();
  }

  /** Stops: running work is aborted, and its jobs stay queued for the next instance. */
  async close(): Promise<void> {
    this.#closing.abort(new VigilError("CLOSING", "The node is closing; the job stays queued", { retryable: true }));
    this.#cancelTimer();
    this.#scout.close();
    this.#leaveGate?.();
    await Promise.allSettled([...this.#running.values(), this.#ahead?.ended(), this.#waitingLimit?.ended()]);
    this.#live.clear();
  }

  #openAhead(): WorkAhead | null {
    const { store, nodeId, gate, whileAway, onInterimFailure } = this.#options;
    if (!whileAway) return null;
    return new WorkAhead({
      store,
      nodeId,
      signal: this.#closing.signal,
      isAway: () => this.#leaveGate !== null && gate.outage !== null,
      ahead: async (job_id, msg) => {
        const message = this.#live.of({ job_id, msg });
        await whileAway({ message, interim: (commit) => this.#sendAhead(message, commit) }, this.#closing.signal);
      },
      onError: onInterimFailure,
    });
  }

  #openWaitingLimit(): WaitingLimit | null {
    const { giveUp, onInterimFailure } = this.#options;
    if (!giveUp) return null;
    return new WaitingLimit({
      ...this.#options,
      afterMs: giveUp.afterMs,
      owner: this.#owner,
      running: this.#running,
      signal: this.#closing.signal,
      end: (row) => {
        const ended = this.#giveUp(row, giveUp);
        this.#running.set(row.job_id, ended);
        return ended;
      },
      onError: onInterimFailure,
    });
  }

  #comeBack(): void {
    this.#options.onChange();
    this.#wake();
  }

  #wakeIn(ms: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(ms, () => this.#wake());
  }

  /** The store itself fails: everything stays as it is there, and is tried again unless that cannot help. */
  #pause(storeError: Error): void {
    const canPass = !(storeError instanceof VigilError) || storeError.retryable;
    this.#waitingFor = storeError;
    this.#pausedUntil = canPass ? this.#options.clock.monotonic() + STORE_RETRY_MS : Number.POSITIVE_INFINITY;
    this.#wakeIn(STORE_RETRY_MS);
    this.#options.onChange();
  }

  #start(job: QueuedJob, visit: Visit): void {
    this.#servedCamera = job.camera_id;
    // At once: the next that is started may be one of the siblings.
    this.#running.set(job.job_id, this.#run(this.#withSiblings(job), visit));
  }

  async #run(row: QueuedJob, visit: Visit): Promise<void> {
    // The caller notes the run before the work can end.
    await null;
    const { nodeId, work } = this.#options;
    let message: FlowMessage = {};
    let isAtServer = true;
    try {
      message = this.#live.of(row);
      const result = await work({ message, interim: (commit) => this.#interim(message, commit) }, this.#closing.signal);
      // Before the store is asked: whether the server works does not depend on that.
      isAtServer = false;
      if (result.askedServer === false) visit.left();
      else visit.succeeded();
      this.#settle(row, message, result);
    } catch (thrown) {
      const error = asError(thrown);
      const isSuspect = isAtServer && visit.failed(`${nodeId} ${row.job_id}`, error);
      if (!this.#closing.signal.aborted) this.#fail(row, message, error, isSuspect);
    }
    this.#running.delete(row.job_id);
    this.#wake();
  }

  /** Ends a job without its server. Rejects where that fails; the job stays queued then. */
  async #giveUp(row: QueuedJob, giveUp: GiveUp): Promise<void> {
    // The caller notes the run before the work can end.
    await null;
    try {
      const message = this.#live.of(row);
      const job = { message, interim: (commit: Result["commit"]) => this.#interim(message, commit) };
      this.#settle(row, message, await giveUp.end(job, this.#closing.signal));
    } finally {
      this.#running.delete(row.job_id);
      this.#wake();
    }
  }

  /** Nothing depends on merging: a store that fails says so when the job ends. */
  #withSiblings(job: QueuedJob): QueuedJob {
    const { merge } = this.#options;
    if (!merge || job.attempts > 0) return job;
    try {
      const options = { ...this.#options, merge, owner: this.#owner, running: this.#running, live: this.#live };
      const merged = mergeSiblings(job, options);
      if (!merged) return job;
      this.#changeDepth(-merged.absorbed);
      return merged.job;
    } catch {
      return job;
    }
  }

  /** What goes ahead of a result is worth a warning when it fails, and not the job. */
  #interim(message: FlowMessage, commit: Result["commit"]): void {
    if (this.#closing.signal.aborted) return;
    try {
      this.#sendAhead(message, commit);
    } catch (error) {
      this.#options.onInterimFailure(asError(error));
    }
  }

  #sendAhead(message: FlowMessage, commit: Result["commit"]): void {
    const { store, clock, handOff, send } = this.#options;
    send(store.transaction((tables) => handOff.prepare(tables, message, commit(tables), clock.now())));
  }

  #settle(row: QueuedJob, message: FlowMessage, result: Result): void {
    const { store, clock, handOff, send } = this.#options;
    const { failure } = result;
    const sent = store.transaction((tables) => {
      const now = clock.now();
      const ended = failure
        ? tables.jobs.dead(row.job_id, this.#owner, failure.code, failure.message, now)
        : tables.jobs.done(row.job_id, this.#owner, now);
      if (!ended) return null;
      return handOff.prepare(tables, message, result.commit(tables), now);
    });
    if (sent === null) {
      this.#letGo(row);
      return;
    }
    send(sent);
    this.#end(row, message, failure);
  }

  #fail(row: QueuedJob, message: FlowMessage, error: Error, isSuspect: boolean): void {
    const { store, clock } = this.#options;
    const code = error instanceof VigilError ? error.code : "UNEXPECTED";
    // The first failure proves nothing: every outage begins with somebody's.
    const faults = row.faults + (isSuspect && row.attempts > 0 ? 1 : 0);
    const retry = error instanceof VigilError && error.retryable && faults < MOST_FAULTS;
    let isOurs: boolean;
    try {
      isOurs = store.transaction(({ jobs, parked }) => {
        const now = clock.now();
        if (error instanceof ToolError) return parked.park(row.job_id, this.#owner, { code, error: error.message });
        if (!retry) return jobs.dead(row.job_id, this.#owner, code, error.message, now);
        // After the next probe, which should be another job: one that is itself at fault would hold up all others.
        const nextMs = now + this.#options.gate.closedForMs + backoffMs(row.attempts + 1);
        return jobs.defer(row.job_id, this.#owner, { code, error: error.message, nextMs, faults });
      });
    } catch (storeError) {
      this.#pause(asError(storeError));
      return;
    }
    if (!isOurs) this.#letGo(row);
    else if (error instanceof ToolError) {
      if (this.#scout.missed(row.job_id)) this.#options.onMissing(error);
      this.#options.onChange();
    } else if (retry) {
      this.#waitingFor = error;
      this.#scout.passed(row.job_id);
      this.#options.onChange();
    } else this.#end(row, message, error);
  }

  /** Another instance owns the job by now, and what came of it here does not count. */
  #letGo(row: QueuedJob): void {
    this.#live.forget(row.job_id);
    this.#changeDepth(-1);
  }

  #end(row: QueuedJob, message: FlowMessage, error: Error | undefined): void {
    this.#waitingFor = null;
    if (error) this.#dead += 1;
    this.#changeDepth(-1);
    this.#scout.passed(row.job_id);
    const isTold = this.#live.end(row.job_id, error);
    if (error && !isTold) this.#options.onResumedFailure(error, message);
  }
}
