/** The messages of queued jobs that came while the process runs: what they carry beyond plain data is not in the journal. */
import type { FlowMessage } from "../domain/message.ts";
import type { Delivery } from "./job.ts";
import type { QueuedJob } from "./jobs.ts";
import { fromJournal } from "./journal.ts";

/** While so many messages wait, further ones are done when the journal has them: an outage must not fill the memory. */
const MOST_LIVE = 1_000;

export class LiveMessages {
  readonly #deliveries = new Map<number, Delivery>();

  /** `isWhole`: the journal has all of the message. */
  add(jobId: number, delivery: Delivery, isWhole: boolean): void {
    if (isWhole && this.#deliveries.size >= MOST_LIVE) delivery.done();
    else this.#deliveries.set(jobId, delivery);
  }

  /** The message of a job, live or from the journal. */
  of({ job_id, msg }: Pick<QueuedJob, "job_id" | "msg">): FlowMessage {
    return this.#deliveries.get(job_id)?.message ?? fromJournal(msg);
  }

  replace(jobId: number, message: FlowMessage): void {
    const delivery = this.#deliveries.get(jobId);
    if (delivery) this.#deliveries.set(jobId, { ...delivery, message });
  }

  /** Says that a job has ended; false where nobody waits for that. */
  end(jobId: number, error?: Error): boolean {
    const delivery = this.#deliveries.get(jobId);
    this.#deliveries.delete(jobId);
    delivery?.done(error);
    return delivery !== undefined;
  }

  /** Another instance has the job. */
  forget(jobId: number): void {
    this.#deliveries.delete(jobId);
  }

  clear(): void {
    this.#deliveries.clear();
  }
}
