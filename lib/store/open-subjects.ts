/**
 * What jobs and messages are about, known by the subject while retention runs. An index that is always there would cost
 * each hop of the queue; this one is made for a run, and triggers keep it up to date.
 */
import type { Database } from "better-sqlite3";

/** Ids of a table that are looked at in one step. */
const STRIDE = 500;

/** SQL: something waits, for a node or for a person, that is about this id. */
export const isOpen = (id: string) => `EXISTS(SELECT 1 FROM temp.open_subjects WHERE subject_id = ${id} AND open)`;
/** SQL: it waits, or a person or a node has given it up. */
export const isFated = (id: string) => `EXISTS(SELECT 1 FROM temp.open_subjects WHERE subject_id = ${id})`;

/** What no record of ours is, or one that was purged. */
const isForgotten = (id: string) => `NOT EXISTS(SELECT 1 FROM uploads WHERE upload_id = ${id} AND state <> 'purged')
  AND NOT EXISTS(SELECT 1 FROM inspections WHERE inspection_id = ${id})
  AND NOT EXISTS(SELECT 1 FROM batches WHERE batch_id = ${id})
  AND NOT EXISTS(SELECT 1 FROM events WHERE event_id = ${id})`;

interface Span {
  readonly after: number;
  readonly until: number;
}

export class OpenSubjects {
  readonly #db: Database;
  readonly #tables;
  readonly #paths;

  constructor(db: Database) {
    this.#db = db;
    db.pragma("temp_store = MEMORY");
    db.exec("CREATE TEMP TABLE open_subjects(subject_id TEXT PRIMARY KEY, open INTEGER NOT NULL) WITHOUT ROWID");
    const table = (name: "work" | "handovers", ended: "done" | "taken", open: string, since: string) => ({
      last: db.prepare<[], number | null>(`SELECT max(rowid) FROM ${name}`).pluck(),
      enter: db.prepare<[Span]>(`
        INSERT INTO temp.open_subjects
        SELECT subject_id, max(state IN (${open})) FROM ${name}
        WHERE rowid > :after AND rowid <= :until AND state <> '${ended}' AND subject_id IS NOT NULL GROUP BY subject_id
        ON CONFLICT DO UPDATE SET open = max(open, excluded.open)`),
      forget: db.prepare<[Span & { before: number }]>(`
        DELETE FROM ${name} WHERE rowid > :after AND rowid <= :until AND state IN ('refused', 'discarded')
          AND ${since} < :before AND ${isForgotten("subject_id")}`),
      trigger: `CREATE TEMP TRIGGER open_${name} AFTER INSERT ON main.${name} WHEN new.subject_id IS NOT NULL BEGIN
        INSERT INTO open_subjects VALUES(new.subject_id, 1) ON CONFLICT DO UPDATE SET open = 1; END`,
    });
    this.#paths = db
      .prepare<[Span], string>(`
      SELECT json_extract(msg, '$.payload.path') AS path FROM work
      WHERE job_id > :after AND job_id <= :until AND state IN ('queued', 'dead') AND path IS NOT NULL`)
      .pluck();
    this.#tables = [
      table("work", "done", "'queued', 'dead'", "settled_ms"),
      table("handovers", "taken", "'air', 'unclaimed'", "created_ms"),
    ];
  }

  /** Adds the paths of uploads that jobs are about to a set, in steps: the ledger may not have these uploads yet. */
  *paths(into: Set<string>): Generator<void> {
    for (const span of spans(this.#tables[0]?.last.get() ?? 0)) {
      for (const path of this.#paths.all(span)) into.add(path);
      yield;
    }
  }

  /** Begins to know them: complete once this has been run to its end, in steps. What closes meanwhile stays open to it. */
  *begin(): Generator<void> {
    this.end();
    for (const { trigger } of this.#tables) this.#db.exec(trigger);
    for (const { last, enter } of this.#tables) {
      for (const span of spans(last.get() ?? 0)) {
        enter.run(span);
        yield;
      }
    }
  }

  end(): void {
    this.#db.exec(
      "DROP TRIGGER IF EXISTS open_work; DROP TRIGGER IF EXISTS open_handovers; DELETE FROM temp.open_subjects",
    );
  }

  /** Deletes what was refused or given up before then and is about nothing that is still there, in steps. */
  *forget(before: number): Generator<void> {
    for (const { last, forget } of this.#tables) {
      for (const span of spans(last.get() ?? 0)) {
        forget.run({ ...span, before });
        yield;
      }
    }
  }
}

function* spans(last: number): Generator<Span> {
  for (let after = 0; after < last; after += STRIDE) yield { after, until: after + STRIDE };
}
