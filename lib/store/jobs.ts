/** Table `work`: every message that a node has taken, from receipt to settlement. */
import type { Database } from "better-sqlite3";

/** What a receipt says of a message. */
export interface Receipt {
  readonly nodeId: string;
  readonly stage: string;
  readonly key: string;
  readonly subjectId: string | null;
  readonly cameraId: string;
  readonly priority: number;
  readonly now: number;
}

export interface QueuedJob {
  readonly job_id: number;
  readonly msg: string;
  readonly attempts: number;
}

const RECEIPT_COLUMNS = "node_id, stage, key, subject_id, camera_id, priority, created_ms";
const RECEIPT_VALUES = ":nodeId, :stage, :key, :subjectId, :cameraId, :priority, :now";

export class Jobs {
  readonly #queue;
  readonly #settled;
  readonly #refused;
  readonly #claim;
  readonly #pick;
  readonly #nextDue;
  readonly #queued;
  readonly #done;
  readonly #dead;
  readonly #defer;
  readonly #purge;

  constructor(db: Database) {
    this.#queue = db.prepare(`
      INSERT INTO work(${RECEIPT_COLUMNS}, state, owner, msg, source)
      VALUES(${RECEIPT_VALUES}, 'queued', :owner, :msg, (SELECT root FROM uploads WHERE upload_id = :subjectId))
      ON CONFLICT DO NOTHING`);
    this.#settled = db.prepare(`
      INSERT INTO work(${RECEIPT_COLUMNS}, state, settled_ms) VALUES(${RECEIPT_VALUES}, 'done', :now)
      ON CONFLICT DO NOTHING`);
    this.#refused = db.prepare(`
      INSERT INTO work(${RECEIPT_COLUMNS}, state, settled_ms, code, error)
      VALUES(${RECEIPT_VALUES}, 'refused', :now, :code, :error)
      ON CONFLICT DO NOTHING`);
    this.#claim = db.prepare("UPDATE work SET owner = ? WHERE node_id = ? AND state = 'queued'");
    this.#pick = db.prepare<[{ nodeId: string; owner: string; now: number; running: string }], QueuedJob>(`
      SELECT job_id, msg, attempts FROM work
      WHERE node_id = :nodeId AND state = 'queued' AND owner = :owner AND next_ms <= :now
        AND job_id NOT IN (SELECT value FROM json_each(:running))
      ORDER BY priority DESC, job_id LIMIT 1`);
    this.#nextDue = db
      .prepare<[{ nodeId: string; owner: string; running: string }], number | null>(`
      SELECT min(next_ms) FROM work WHERE node_id = :nodeId AND state = 'queued' AND owner = :owner
        AND job_id NOT IN (SELECT value FROM json_each(:running))`)
      .pluck();
    this.#queued = db
      .prepare<[string], number>("SELECT count(*) FROM work WHERE node_id = ? AND state = 'queued'")
      .pluck();
    this.#done = db.prepare(`
      UPDATE work SET state = 'done', settled_ms = ?, msg = NULL WHERE job_id = ? AND owner = ? AND state = 'queued'`);
    this.#dead = db.prepare(`
      UPDATE work SET state = 'dead', settled_ms = ?, code = ?, error = ? WHERE job_id = ? AND owner = ? AND state = 'queued'`);
    this.#defer = db.prepare(`
      UPDATE work SET attempts = attempts + 1, next_ms = ?, code = ?, error = ?
      WHERE job_id = ? AND owner = ? AND state = 'queued'`);
    this.#purge = db.prepare("DELETE FROM work WHERE settled_ms < ? AND state = 'done'");
  }

  /** Journals a message as a job. The answer is its id, or null where the node has taken this message before. */
  queue(receipt: Receipt, owner: string, msg: string): number | null {
    const added = this.#queue.run({ ...receipt, owner, msg });
    return added.changes === 1 ? Number(added.lastInsertRowid) : null;
  }

  /** Writes the receipt of a message whose work is done in the same transaction. False where there is one already. */
  settleAtOnce(receipt: Receipt): boolean {
    return this.#settled.run(receipt).changes === 1;
  }

  /** Writes the receipt of a message that does not fit. False where there is one already. */
  refuse(receipt: Receipt, code: string, error: string): boolean {
    return this.#refused.run({ ...receipt, code, error }).changes === 1;
  }

  /** Makes one instance of a node the owner of all its queued jobs, and ends what an earlier one may still try. */
  claim(nodeId: string, owner: string): void {
    this.#claim.run(owner, nodeId);
  }

  /** The owner's job to do next: the highest priority first, each oldest first, without those that run or must wait. */
  pick(nodeId: string, owner: string, running: Iterable<number>, now: number): QueuedJob | undefined {
    return this.#pick.get({ nodeId, owner, now, running: JSON.stringify([...running]) });
  }

  /** When the next waiting job may be tried, or null where none waits. */
  nextDue(nodeId: string, owner: string, running: Iterable<number>): number | null {
    return this.#nextDue.get({ nodeId, owner, running: JSON.stringify([...running]) }) ?? null;
  }

  countQueued(nodeId: string): number {
    return this.#queued.get(nodeId) ?? 0;
  }

  /** The three ends of an attempt. False where the job is not this owner's any more: then its result must be dropped. */
  done(jobId: number, owner: string, now: number): boolean {
    return this.#done.run(now, jobId, owner).changes === 1;
  }

  dead(jobId: number, owner: string, code: string, error: string, now: number): boolean {
    return this.#dead.run(now, code, error, jobId, owner).changes === 1;
  }

  defer(jobId: number, owner: string, code: string, error: string, nextMs: number): boolean {
    return this.#defer.run(nextMs, code, error, jobId, owner).changes === 1;
  }

  /**
   * Deletes finished jobs; until then they are the receipts that make a replay harmless. A refusal stays: it is what
   * became of its upload.
   */
  purge(before: number): void {
    this.#purge.run(before);
  }
}
