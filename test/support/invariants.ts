/** What must hold in a store whatever happened to the process, as queries that count what contradicts it. */
import Database from "better-sqlite3";

export interface Violation {
  readonly what: string;
  readonly count: number;
}

/** Each must count 0 at every instant, also straight after a kill, before the restart. */
const ALWAYS: Readonly<Record<string, string>> = {
  "a fault that SQLite finds in the database":
    "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'",

  "an upload that nobody can account for": "SELECT count(*) FROM account WHERE what = 'LOST'",

  "a finished detect job without its inspection": `
    SELECT count(*) FROM work w WHERE stage = 'detect' AND state = 'done'
      AND NOT EXISTS(SELECT 1 FROM inspections i WHERE i.upload_id = w.subject_id AND i.node_id = w.node_id)
      AND NOT EXISTS(SELECT 1 FROM uploads u WHERE u.upload_id = w.subject_id AND u.state IN ('superseded', 'skipped', 'purged'))
      AND EXISTS(SELECT 1 FROM uploads u WHERE u.upload_id = w.subject_id)`,

  "something seen, in no batch and not on its way": `
    SELECT count(*) FROM inspections i WHERE outcome = 'seen'
      AND NOT EXISTS(SELECT 1 FROM batch_inspections m WHERE m.inspection_id = i.inspection_id)
      AND NOT EXISTS(SELECT 1 FROM work w WHERE w.subject_id = i.inspection_id AND w.state <> 'done')
      AND NOT EXISTS(SELECT 1 FROM handovers h WHERE h.subject_id = i.inspection_id AND h.state <> 'taken')`,

  "a closed batch with no event, no job and not on its way": `
    SELECT count(*) FROM batches b WHERE state = 'closed'
      AND NOT EXISTS(SELECT 1 FROM events e WHERE e.batch_id = b.batch_id)
      AND NOT EXISTS(SELECT 1 FROM work w WHERE w.subject_id = b.batch_id AND w.state <> 'done')
      AND NOT EXISTS(SELECT 1 FROM handovers h WHERE h.subject_id = b.batch_id AND h.state <> 'taken')`,

  "an event that does not say what its newest verdict does": `
    SELECT count(*) FROM events e LEFT JOIN verdicts v USING(event_id, revision)
    WHERE v.revision IS NULL OR (v.analysis, v.final, v.risk_score, v.risk_level, v.summary, v.reasoning, v.model)
        IS NOT (e.analysis, e.final, e.risk_score, e.risk_level, e.summary, e.reasoning, e.model)
      OR EXISTS(SELECT 1 FROM verdicts later WHERE later.event_id = e.event_id AND later.revision > e.revision)`,

  "an event of which nobody knows what it was judged on": `
    SELECT count(*) FROM events e WHERE EXISTS(
        SELECT 1 FROM work w WHERE w.node_id = e.node_id AND w.stage = 'nemotron-analyze')
      AND NOT EXISTS(SELECT 1 FROM judged_batches j WHERE j.event_id = e.event_id)`,

  // Only of a node that judges, and presuming that it publishes: an event from elsewhere is published elsewhere.
  "an event revision that is neither published nor in the outbox": `
    SELECT count(*) FROM events e WHERE revision > coalesce(published_revision, 0)
      AND EXISTS(SELECT 1 FROM work w WHERE w.node_id = e.node_id AND w.stage = 'nemotron-analyze')
      AND NOT EXISTS(
        SELECT 1 FROM outbox o WHERE o.kind = 'event' AND o.subject_id = e.event_id AND o.revision = e.revision)`,

  "a merged batch whose target is wrong or that kept members": `
    SELECT count(*) FROM batches b LEFT JOIN batches t ON t.batch_id = b.merged_into WHERE b.state = 'merged'
      AND (t.state IS NULL OR t.state NOT IN ('closed', 'foreign', 'purged') OR t.camera_id <> b.camera_id
        OR EXISTS(SELECT 1 FROM batch_inspections m WHERE m.batch_id = b.batch_id))`,

  "a batch without members": `
    SELECT count(*) FROM batches b WHERE state IN ('open', 'closed')
      AND NOT EXISTS(SELECT 1 FROM batch_inspections m WHERE m.batch_id = b.batch_id)`,

  "a member in which nothing was seen":
    "SELECT count(*) FROM batch_inspections m JOIN inspections i USING(inspection_id) WHERE i.outcome <> 'seen'",

  "a duplicate of something that came to nothing": `
    SELECT count(*) FROM uploads d LEFT JOIN account a ON a.upload_id = d.original_id WHERE d.state = 'duplicate'
      AND (a.what IS NULL OR a.what IN ('gone', 'superseded', 'skipped', 'rejected', 'baseline', 'duplicate', 'LOST'))`,

  "an inspected upload that is not handed over":
    "SELECT count(DISTINCT u.upload_id) FROM uploads u JOIN inspections i USING(upload_id) WHERE u.state <> 'handed'",
};

/** Each must count 0 once everything has come to rest. */
const AT_REST: Readonly<Record<string, string>> = {
  "a queued job": "SELECT count(*) FROM work WHERE state = 'queued'",
  "a message in the air": "SELECT count(*) FROM handovers WHERE state = 'air'",
  "an open batch": "SELECT count(*) FROM batches WHERE state = 'open'",
  "an unpublished record": "SELECT count(*) FROM outbox",
};

/** What contradicts itself in a store, given as a database or its file. It is only read, and may be in use. */
export function violations(database: string | Database.Database): Violation[] {
  return look(database, ALWAYS);
}

/** What is not finished in a store. */
export function leftovers(database: string | Database.Database): Violation[] {
  return look(database, AT_REST);
}

function look(database: string | Database.Database, queries: Readonly<Record<string, string>>): Violation[] {
  const db = typeof database === "string" ? new Database(database, { readonly: true, fileMustExist: true }) : database;
  try {
    // In one transaction, so that all queries see the same instant.
    const counted = db.transaction(() =>
      Object.entries(queries).map(([what, sql]) => ({ what, count: db.prepare<[], number>(sql).pluck().get() ?? 0 })),
    )();
    return counted.filter(({ count }) => count > 0);
  } finally {
    if (typeof database === "string") db.close();
  }
}
