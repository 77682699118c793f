/** Table `work`, parked jobs: queued, and out of the way of all others until a program is there that they need. */
import type { Database } from "better-sqlite3";
import { OWNED } from "./jobs.ts";

const PARKED = "node_id = :nodeId AND state = 'queued' AND parked = 1";

export class ParkedJobs {
  readonly #park;
  readonly #count;
  readonly #first;
  readonly #unpark;
  readonly #unparkAll;

  constructor(db: Database) {
    this.#park = db.prepare(`
      UPDATE work SET parked = 1, code = :code, error = :error
      WHERE job_id = :jobId AND state = 'queued' AND ${OWNED}`);
    this.#count = db.prepare<[{ nodeId: string }], number>(`SELECT count(*) FROM work WHERE ${PARKED}`).pluck();
    this.#first = db
      .prepare<[{ nodeId: string }], number | null>(`SELECT min(job_id) FROM work WHERE ${PARKED}`)
      .pluck();
    this.#unpark = db.prepare<[number]>("UPDATE work SET parked = 0 WHERE job_id = ?");
    this.#unparkAll = db.prepare<[{ nodeId: string }]>(`UPDATE work SET parked = 0 WHERE ${PARKED}`);
  }

  /** Ends an attempt as `Jobs.done` and its like do: false where the job is not this owner's any more. */
  park(jobId: number, owner: string, why: { code: string; error: string }): boolean {
    return this.#park.run({ jobId, owner, ...why }).changes === 1;
  }

  count(nodeId: string): number {
    return this.#count.get({ nodeId }) ?? 0;
  }

  /** Takes the oldest of a node's jobs back among the others; the answer is its id, or null where there is none. */
  unparkFirst(nodeId: string): number | null {
    const jobId = this.#first.get({ nodeId }) ?? null;
    if (jobId !== null) this.#unpark.run(jobId);
    return jobId;
  }

  unparkAll(nodeId: string): void {
    this.#unparkAll.run({ nodeId });
  }
}
