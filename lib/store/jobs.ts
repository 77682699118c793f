/** Table `work`: every message that a node has taken, from receipt to settlement. */
import type { Database } from "better-sqlite3";
import { z } from "zod";

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
  readonly camera_id: string;
  readonly priority: number;
  readonly msg: string;
  readonly attempts: number;
  readonly faults: number;
}

/** A job that has failed for good, or a message that did not fit. */
export interface DeadLetter {
  readonly job_id: number;
  readonly subject_id: string | null;
  readonly camera_id: string;
  readonly attempts: number;
  readonly code: string;
  readonly error: string;
  readonly created_ms: number;
  readonly settled_ms: number;
}

/** Which of a node's jobs: one by its id, or all. */
export type JobChoice = number | "all";

interface Picking {
  readonly nodeId: string;
  readonly owner: string;
  readonly now: number;
  readonly priority: number;
  readonly after: string;
}

interface Siblings extends Pick<QueuedJob, "job_id" | "camera_id" | "priority"> {
  readonly nodeId: string;
  readonly owner: string;
}

/** The jobs that run, by their ids. */
export type Running = Pick<ReadonlyMap<number, unknown>, "has">;

const RECEIPT_COLUMNS = "node_id, stage, key, subject_id, camera_id, priority, created_ms";
const RECEIPT_VALUES = ":nodeId, :stage, :key, :subjectId, :cameraId, :priority, :now";
/** What of another instance may still run must not settle what this one has taken over. */
export const OWNED = "EXISTS(SELECT 1 FROM owners o WHERE o.node_id = work.node_id AND o.owner = :owner)";
/**
 * The plus signs keep SQLite from preparing a statement anew, which takes ten times as long as running it: it does so at
 * each binding of a value on which the order of the rows depends.
 */
const WAITING = `
  node_id = +:nodeId AND state = 'queued' AND parked = 0
  AND EXISTS(SELECT 1 FROM owners WHERE node_id = +:nodeId AND owner = +:owner)`;
const QUEUED_JOB = "job_id, camera_id, priority, msg, attempts, faults";
/** Of the jobs, as many as can be looked through in one turn of the event loop. */
const PIECE = 1_000;
const CHOSEN = "node_id = :nodeId AND state = 'dead' AND (:jobId IS NULL OR job_id = :jobId)";

export class Jobs {
  readonly #queue;
  readonly #settled;
  readonly #refused;
  readonly #claim;
  readonly #priorityBelow;
  readonly #pick;
  readonly #siblings;
  readonly #waitingAfter;
  readonly #waitingSince;
  readonly #nextDue;
  readonly #keyOfQueued;
  readonly #count;
  readonly #rewrite;
  readonly #done;
  readonly #dead;
  readonly #defer;
  readonly #listDead;
  readonly #revive;
  readonly #discard;
  readonly #endOfPiece;
  readonly #purge;

  constructor(db: Database) {
    this.#queue = db.prepare(`
      INSERT INTO work(${RECEIPT_COLUMNS}, state, msg, source)
      VALUES(${RECEIPT_VALUES}, 'queued', :msg, (SELECT root FROM uploads WHERE upload_id = :subjectId))
      ON CONFLICT DO NOTHING`);
    this.#settled = db.prepare(`
      INSERT INTO work(${RECEIPT_COLUMNS}, state, settled_ms) VALUES(${RECEIPT_VALUES}, 'done', :now)
      ON CONFLICT DO NOTHING`);
    this.#refused = db.prepare(`
      INSERT INTO work(${RECEIPT_COLUMNS}, state, settled_ms, code, error)
      VALUES(${RECEIPT_VALUES}, 'refused', :now, :code, :error)
      ON CONFLICT DO NOTHING`);
    this.#claim = db.prepare("INSERT OR REPLACE INTO owners(node_id, owner) VALUES(?, ?)");
    this.#priorityBelow = db
      .prepare<[string, number], number | null>(
        "SELECT max(priority) FROM work WHERE node_id = +? AND state = 'queued' AND parked = 0 AND priority < +?",
      )
      .pluck();
    this.#pick = db.prepare<[Picking], QueuedJob>(`
      SELECT ${QUEUED_JOB} FROM work
      WHERE ${WAITING} AND priority = +:priority AND camera_id > :after AND next_ms <= :now
      ORDER BY camera_id, job_id`);
    this.#siblings = db.prepare<[Siblings], QueuedJob>(`
      SELECT ${QUEUED_JOB} FROM work
      WHERE ${WAITING} AND priority = +:priority AND camera_id = +:camera_id AND job_id > :job_id AND attempts = 0
      ORDER BY job_id`);
    // Jobs are numbered as they come: whoever has seen all up to one need not look at these again.
    this.#waitingAfter = db.prepare<[number, string, number], { job_id: number; msg: string }>(`
      SELECT job_id, msg FROM work NOT INDEXED WHERE job_id > ? AND node_id = ? AND state = 'queued'
      ORDER BY job_id LIMIT ?`);
    this.#waitingSince = db.prepare<[{ nodeId: string; owner: string; before: number }], QueuedJob>(
      `SELECT ${QUEUED_JOB} FROM work WHERE ${WAITING} AND created_ms <= :before ORDER BY job_id`,
    );
    this.#nextDue = db
      .prepare<[{ nodeId: string; owner: string; now: number }], number | null>(
        `SELECT min(next_ms) FROM work WHERE ${WAITING} AND next_ms > :now`,
      )
      .pluck();
    this.#keyOfQueued = db
      .prepare<[string, number, string, string], string>(
        "SELECT key FROM work WHERE node_id = +? AND state = 'queued' AND parked = 0 AND priority = +? AND camera_id = +? AND subject_id = ?",
      )
      .pluck();
    const count = (state: "queued" | "dead") =>
      db.prepare<[string], number>(`SELECT count(*) FROM work WHERE node_id = ? AND state = '${state}'`).pluck();
    // Two statements, since the indices hold jobs of one state only.
    this.#count = { queued: count("queued"), dead: count("dead") };
    this.#rewrite = db.prepare("UPDATE work SET msg = ? WHERE job_id = ?");
    this.#done = db.prepare(`
      UPDATE work SET state = 'done', settled_ms = :now, code = :code, error = NULL, msg = NULL
      WHERE job_id = :jobId AND state = 'queued' AND ${OWNED}`);
    this.#dead = db.prepare(`
      UPDATE work SET state = 'dead', settled_ms = :now, code = :code, error = :error, attempts = attempts + 1
      WHERE job_id = :jobId AND state = 'queued' AND ${OWNED}`);
    this.#defer = db.prepare(`
      UPDATE work SET attempts = attempts + 1, faults = :faults, next_ms = :nextMs, code = :code, error = :error
      WHERE job_id = :jobId AND state = 'queued' AND ${OWNED}`);
    this.#listDead = db.prepare<[string, number], DeadLetter>(`
      SELECT job_id, subject_id, camera_id, attempts, code, error, created_ms, settled_ms FROM work
      WHERE node_id = ? AND state = 'dead' ORDER BY job_id LIMIT ?`);
    this.#revive = db
      .prepare<[{ nodeId: string; jobId: number | null; now: number }], string | null>(`
      UPDATE work SET state = 'queued', created_ms = :now, attempts = 0, faults = 0, next_ms = 0, settled_ms = NULL WHERE ${CHOSEN}
      RETURNING subject_id`)
      .pluck();
    this.#discard = db.prepare(`
      UPDATE work SET state = 'discarded', settled_ms = :now, msg = NULL WHERE ${CHOSEN}`);
    this.#endOfPiece = db
      .prepare(`SELECT max(job_id) FROM (SELECT job_id FROM work WHERE job_id > ? ORDER BY job_id LIMIT ${PIECE})`)
      .pluck();
    this.#purge = db.prepare(`
      DELETE FROM work WHERE job_id > :after AND job_id <= :end AND settled_ms < :before AND state = 'done'`);
  }

  /** Journals a message as a job. The answer is its id, or null where the node has taken this message before. */
  queue(receipt: Receipt, msg: string): number | null {
    const added = this.#queue.run({ ...receipt, msg });
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
    this.#claim.run(nodeId, owner);
  }

  /**
   * The owner's job to do next, without those that run, must wait or are parked: the highest priority first; there the
   * cameras take turns, each oldest first. `served` is the camera that had the last turn.
   */
  pick(nodeId: string, owner: string, running: Running, served: string, now: number): QueuedJob | undefined {
    let priority = this.#priorityBelow.get(nodeId, Number.MAX_SAFE_INTEGER);
    while (typeof priority === "number") {
      // Every camera's id is greater than the empty one.
      for (const after of [served, ""]) {
        const [job] = firstIdle(this.#pick.iterate({ nodeId, owner, now, priority, after }), running, 1);
        if (job) return job;
      }
      priority = this.#priorityBelow.get(nodeId, priority);
    }
    return undefined;
  }

  /** Jobs of the same camera and priority that came after this one and have not been tried yet, oldest first. */
  siblings(nodeId: string, owner: string, running: Running, job: QueuedJob, most: number): QueuedJob[] {
    const { job_id, camera_id, priority } = job;
    return firstIdle(this.#siblings.iterate({ nodeId, owner, job_id, camera_id, priority }), running, most);
  }

  /** A node's jobs that came after one, running ones included, oldest first. */
  waitingAfter(nodeId: string, jobId: number, most: number): { job_id: number; msg: string }[] {
    return this.#waitingAfter.all(jobId, nodeId, most);
  }

  /** The owner's first job that came by then, without those that run or are parked. */
  waitingSince(nodeId: string, owner: string, running: Running, before: number): QueuedJob | undefined {
    return firstIdle(this.#waitingSince.iterate({ nodeId, owner, before }), running, 1)[0];
  }

  /** When the next of the jobs that must wait may be tried, or null where none must. */
  nextDue(nodeId: string, owner: string, now: number): number | null {
    return this.#nextDue.get({ nodeId, owner, now }) ?? null;
  }

  /** The key of a node's job about a subject that waits or runs; undefined where there is none. */
  keyOfQueued(nodeId: string, priority: number, cameraId: string, subjectId: string): string | undefined {
    return this.#keyOfQueued.get(nodeId, priority, cameraId, subjectId);
  }

  count(nodeId: string, state: "queued" | "dead"): number {
    return this.#count[state].get(nodeId) ?? 0;
  }

  /** Replaces the message of a job that nobody has begun. */
  rewrite(jobId: number, msg: string): void {
    this.#rewrite.run(msg, jobId);
  }

  /** The three ends of an attempt. False where the job is not this owner's any more: then its result must be dropped. */
  done(jobId: number, owner: string, now: number, code: string | null = null): boolean {
    return this.#done.run({ jobId, owner, now, code }).changes === 1;
  }

  dead(jobId: number, owner: string, code: string, error: string, now: number): boolean {
    return this.#dead.run({ jobId, owner, code, error, now }).changes === 1;
  }

  defer(jobId: number, owner: string, retry: { code: string; error: string; nextMs: number; faults: number }): boolean {
    return this.#defer.run({ jobId, owner, ...retry }).changes === 1;
  }

  /** A node's dead letters, oldest first. */
  listDead(nodeId: string, most: number): DeadLetter[] {
    return this.#listDead.all(nodeId, most);
  }

  /** Queues dead letters again as if they had just come; the answer is what each was about. */
  revive(nodeId: string, choice: JobChoice, now: number): (string | null)[] {
    return this.#revive.all({ nodeId, jobId: choice === "all" ? null : choice, now });
  }

  /** Gives dead letters up; the answer is how many. What they were about stays accounted for. */
  discard(nodeId: string, choice: JobChoice, now: number): number {
    return this.#discard.run({ nodeId, jobId: choice === "all" ? null : choice, now }).changes;
  }

  /**
   * Deletes the finished ones among the next thousand jobs after `after`; until then they are the receipts that make a
   * replay harmless. A refusal stays: it is what became of its upload. The answer is after which job to go on, null at
   * the end.
   */
  purge(before: number, after: number): number | null {
    const end = z.int().nullable().parse(this.#endOfPiece.get(after));
    if (end !== null) this.#purge.run({ after, end, before });
    return end;
  }
}

/** As many jobs as wanted, without those that run: of these there are so few that the store need not know them. */
function firstIdle(jobs: Iterable<QueuedJob>, running: Running, most: number): QueuedJob[] {
  const idle: QueuedJob[] = [];
  for (const job of jobs) {
    if (!running.has(job.job_id)) idle.push(job);
    if (idle.length === most) break;
  }
  return idle;
}
