/** Merging what waits of one camera into the job that is about to run: what a slow server has no time to do one by one. */
import type { Clock } from "../resilience/clock.ts";
import type { HandOff } from "./hand-off.ts";
import type { Merge } from "./job.ts";
import type { QueuedJob, Running } from "./jobs.ts";
import type { LiveMessages } from "./live-messages.ts";
import type { Store } from "./store.ts";

/** So many jobs are merged into another at once. */
const MOST_SIBLINGS = 7;

export interface JobMergingOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly handOff: HandOff;
  readonly nodeId: string;
  readonly merge: Merge;
  /** The instance of the node that the jobs are of. */
  readonly owner: string;
  /** Jobs that run already. */
  readonly running: Running;
  readonly live: LiveMessages;
}

export interface MergedJob {
  readonly job: QueuedJob;
  /** How many jobs are done with this one. */
  readonly absorbed: number;
}

/** The job with those of its camera that wait behind it, or null where none can be merged into it. Throws a StoreError. */
export function mergeSiblings(job: QueuedJob, options: JobMergingOptions): MergedJob | null {
  const { store, clock, handOff, nodeId, merge, owner, running, live } = options;
  const siblings = store.jobs.siblings(nodeId, owner, running, job, MOST_SIBLINGS);
  if (siblings.length === 0) return null;
  const messages = [job, ...siblings].map((each) => live.of(each));
  const merged = store.transaction((tables) => {
    const result = merge(
      tables,
      messages.map(({ payload }) => payload),
    );
    if (!result) return null;
    const message = { ...messages[0], payload: result.payload };
    const msg = handOff.journal(message);
    const absorbed = siblings.flatMap(({ job_id }, index) => (result.absorbed.includes(index + 1) ? [job_id] : []));
    tables.jobs.rewrite(job.job_id, msg);
    for (const jobId of absorbed) tables.jobs.done(jobId, owner, clock.now(), "MERGED");
    return { job: { ...job, msg }, message, absorbed };
  });
  if (!merged) return null;
  live.replace(job.job_id, merged.message);
  for (const jobId of merged.absorbed) live.end(jobId);
  return { job: merged.job, absorbed: merged.absorbed.length };
}
