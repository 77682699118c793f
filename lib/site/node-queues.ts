/** The queues of a node: one for its own work, and one for each of its lanes, which neither wait for it nor hold it up. */
import type { Clock } from "../resilience/clock.ts";
import { VigilError } from "../resilience/errors.ts";
import { ServerGate } from "../resilience/server-gate.ts";
import { laneId } from "../store/nodes.ts";
import { WorkQueue, type WorkQueueOptions } from "../store/work-queue.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Errand, Errands, Job, SlowStage } from "./stage.ts";

/** What the queues of a node have to do. */
export type QueueLoad = Pick<WorkQueue, "depth" | "running" | "parked" | "waitingFor" | "dead" | "refused">;

/** What depends on the work that waits in a queue. */
type OfWork = Pick<WorkQueueOptions, "gate" | "concurrency" | "work" | "whileAway" | "giveUp" | "merge">;

/** What all queues of a node have in common; `nodeId`: the name by which the store knows the node. */
export type NodeQueuesOptions = Omit<WorkQueueOptions, keyof OfWork>;

export class NodeQueues<R> {
  /** Of what the node is sent. */
  readonly main: WorkQueue;
  readonly #lanes: ReadonlyMap<string, WorkQueue>;
  readonly #all: readonly WorkQueue[];

  constructor({ stage, errands, lanes = {} }: Behaviour<R>, options: NodeQueuesOptions) {
    const { nodeId, clock } = options;
    const own = stage && "work" in stage ? slowWork(stage, clock) : errandWork(errands, clock);
    this.main = new WorkQueue({ ...options, ...own });
    this.#lanes = new Map(
      Object.entries(lanes).map(([lane, work]) => [
        lane,
        new WorkQueue({ ...options, ...errandWork(work, clock), nodeId: laneId(nodeId, lane) }),
      ]),
    );
    this.#all = [this.main, ...this.#lanes.values()];
  }

  get load(): QueueLoad {
    const sum = (of: Exclude<keyof QueueLoad, "waitingFor">) =>
      this.#all.reduce((total, queue) => total + queue[of], 0);
    return {
      depth: sum("depth"),
      running: sum("running"),
      parked: sum("parked"),
      waitingFor: this.#all.find((queue) => queue.waitingFor !== null)?.waitingFor ?? null,
      dead: sum("dead"),
      refused: sum("refused"),
    };
  }

  /** The queue that an errand waits in. Throws a VigilError for a lane that the node does not have. */
  of({ lane }: Errand): WorkQueue {
    const queue = lane === undefined ? this.main : this.#lanes.get(lane);
    if (queue) return queue;
    throw new VigilError("NO_LANE", `This node has no lane "${lane}"`);
  }

  start(): void {
    for (const queue of this.#all) queue.start();
  }

  refresh(): void {
    for (const queue of this.#all) queue.refresh();
  }

  /** Stops; what is not done stays queued. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#all.map((queue) => queue.close()));
  }
}

/** What a stage does with records, as its queue sees it: with whatever payloads the journal holds. */
function slowWork<R>(stage: SlowStage<R>, clock: Clock): OfWork {
  const { input, whileAway, giveUp, merge } = stage;
  const recordOf = ({ message }: Job) => input.parse(message.payload);
  return {
    gate: stage.gate ?? new ServerGate(clock),
    concurrency: stage.concurrency,
    work: async (job, signal) => stage.work(recordOf(job), job, signal),
    whileAway: whileAway && (async (job, signal) => whileAway(recordOf(job), job, signal)),
    giveUp: giveUp && {
      afterMs: giveUp.afterMs,
      end: async (job, signal) => giveUp.end(recordOf(job), job, signal),
    },
    merge:
      merge &&
      ((tables, payloads) => {
        const records = payloads.map((payload) => input.parse(payload));
        const merged = merge(tables, records);
        return merged && { payload: merged.record, absorbed: merged.absorbed };
      }),
  };
}

function errandWork(errands: Errands | undefined, clock: Clock): OfWork {
  return {
    gate: new ServerGate(clock),
    concurrency: errands?.concurrency ?? 0,
    work: async (job, signal) => {
      if (errands) return errands.work(job.message.payload, job, signal);
      throw new VigilError("NO_WORK", "This node has no slow work");
    },
  };
}
