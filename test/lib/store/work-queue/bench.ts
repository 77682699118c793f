/** A store, a clock and queues to test with, and a record of what comes of them. */
import type { FlowMessage } from "../../../../lib/domain/message.ts";
import { ServerError } from "../../../../lib/resilience/errors.ts";
import { ServerGate } from "../../../../lib/resilience/server-gate.ts";
import { HandOff, type Sent } from "../../../../lib/store/hand-off.ts";
import type { Subject } from "../../../../lib/store/handovers.ts";
import type { Delivery, GiveUp, Job, Merge, Result } from "../../../../lib/store/job.ts";
import { jobKey } from "../../../../lib/store/job-key.ts";
import type { Store } from "../../../../lib/store/store.ts";
import { WorkQueue } from "../../../../lib/store/work-queue.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { openStore, type Row, rows } from "../support.ts";

export const NODE = "node";
export const UPLOAD = { kind: "upload", id: "up_1" } as const;
export const NOTHING: Result = { commit: () => [] };
export const AWAY = new ServerError("DETECTOR_AWAY", "The detector does not answer");
export const BUG = new TypeError("a bug");
export const FOREVER = new Promise<never>(() => {});

type Work = (job: Job, signal: AbortSignal) => Promise<Result>;

interface RigOptions {
  readonly nodeId?: string;
  readonly concurrency?: number;
  /** Another store than the bench's own. */
  readonly on?: Store;
  readonly onSend?: () => void;
  /** The server that the work needs, where several queues share it. */
  readonly gate?: ServerGate;
  readonly merge?: Merge;
  readonly giveUp?: GiveUp;
}

/** A queue, and what came of it. */
export interface Rig {
  readonly queue: WorkQueue;
  readonly sent: Sent[];
  /** The payloads of the jobs that were begun, in order. */
  readonly begun: unknown[];
  readonly resumedFailures: [Error, FlowMessage][];
  readonly interimFailures: Error[];
  /** What was said of programs that are missing. */
  readonly missing: Error[];
  /** The queue's depth at each change. */
  readonly depths: number[];
}

export class Bench {
  readonly folder = tempFolder();
  readonly clock = new FakeClock();
  /** How each delivery ended: the payload, and the error where there was one. */
  readonly ended: [unknown, Error | undefined][] = [];
  store = openStore(this.folder);

  rig(
    work: Work,
    {
      nodeId = NODE,
      concurrency = 1,
      on = this.store,
      onSend,
      merge,
      giveUp,
      gate = new ServerGate(this.clock),
    }: RigOptions = {},
  ): Rig {
    const sent: Sent[] = [];
    const begun: unknown[] = [];
    const resumedFailures: [Error, FlowMessage][] = [];
    const interimFailures: Error[] = [];
    const missing: Error[] = [];
    const depths: number[] = [];
    const queue: WorkQueue = new WorkQueue({
      store: on,
      clock: this.clock,
      handOff: new HandOff({ nodeId, leadsOn: () => true, onDropped: () => {} }),
      nodeId,
      stage: "detect",
      gate,
      concurrency,
      merge,
      giveUp,
      work: (job, signal) => {
        begun.push(job.message.payload);
        return work(job, signal);
      },
      send: (messages) => {
        onSend?.();
        sent.push(...messages);
      },
      onResumedFailure: (error, message) => resumedFailures.push([error, message]),
      onInterimFailure: (error) => interimFailures.push(error),
      onMissing: (error) => missing.push(error),
      onChange: () => depths.push(queue.depth),
    });
    return { queue, sent, begun, resumedFailures, interimFailures, missing, depths };
  }

  started(work: Work, options?: RigOptions): Rig {
    const rig = this.rig(work, options);
    rig.queue.start();
    return rig;
  }

  delivery(message: FlowMessage, overrides: Partial<Delivery> = {}): Delivery {
    return {
      message,
      key: jobKey(message),
      subject: null,
      cameraId: "front_door",
      priority: 0,
      durable: false,
      done: (error) => this.ended.push([message.payload, error]),
      ...overrides,
    };
  }

  /** Closes the store under whatever uses it, as the end of the process does, and opens it again. */
  reopen(): void {
    this.store.close();
    this.store = openStore(this.folder);
  }

  /** Puts a message of another node into the air. */
  air(kind: Subject["kind"] = "upload", id = "up_1"): string {
    return this.store.handovers.send("sender", 0, { kind, id }, "{}", this.clock.now());
  }

  /** Committed jobs, oldest first. */
  jobs(columns = "state"): Row[] {
    return rows(this.folder, `SELECT ${columns} FROM work ORDER BY job_id`);
  }

  /** Committed hand-overs, oldest first. */
  handovers(): Row[] {
    return rows(this.folder, "SELECT handover_id, state FROM handovers ORDER BY rowid");
  }
}
