/** Turns a backup into the beginning of a new store. */
import { migrate } from "./migrations.ts";
import { assertSound, connect } from "./open.ts";

/** What a new store takes over; all else begins anew. */
const KEPT: ReadonlySet<string> = new Set([
  "appearances",
  "cameras",
  "claims",
  "feedback",
  "hazards",
  "identities",
  "identity_cameras",
  "looks",
  "nodes",
  "plates",
  "prompts",
  "roots",
  "uploads",
]);

/**
 * What came of the uploads is only in the database that was lost. Those that were still on their way at the time of the
 * backup are looked at again, dead letters included: doing that twice does less harm than not at all. The others count
 * as there before, and so do their duplicates; a claim on their content would make duplicates of nothing.
 */
const REOPEN_UPLOADS = `
  WITH waiting(id) AS (
    SELECT subject_id FROM work WHERE state IN ('queued', 'dead') AND subject_id IS NOT NULL
    UNION SELECT subject_id FROM handovers WHERE state = 'air'
    UNION SELECT batch_id FROM batches WHERE state = 'open')
  UPDATE uploads SET state = 'found', sha256 = NULL, captured_at = NULL
  WHERE state = 'handed' AND root IS NOT NULL AND (upload_id IN waiting OR upload_id IN (
    SELECT i.upload_id FROM inspections i LEFT JOIN batch_inspections m USING(inspection_id)
    WHERE i.inspection_id IN waiting OR m.batch_id IN waiting));

  UPDATE uploads SET state = 'baseline', reason = 'handed on before the database became corrupt' WHERE state = 'handed';

  UPDATE uploads SET state = 'baseline', original_id = NULL, suppressed_by = NULL, distance = NULL,
    reason = 'a duplicate of what was handed on before the database became corrupt'
  WHERE state = 'duplicate' AND original_id NOT IN (SELECT upload_id FROM uploads WHERE state = 'found');

  DELETE FROM claims WHERE upload_id NOT IN (SELECT upload_id FROM uploads WHERE state = 'found');
`;

/**
 * Reduces a copy of a backup to what a new store takes over: the ledger of uploads, with cameras, watched folders,
 * dedupe's claims, the nodes that are known and their prompts, who is recognised, and what people have said of events.
 * Throws a StoreError `STORE_NEWER`, and SQLite's errors:
 * `isCorrupt`, or a broken constraint, where the backup is no better than the database was.
 */
export function seed(path: string): void {
  const db = connect(path);
  try {
    // An index that was damaged unnoticed can be made anew; its table cannot.
    db.exec("REINDEX");
    assertSound(db);
    migrate(db);
    db.pragma("foreign_keys = OFF");
    const tables = db
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all();
    db.transaction(() => {
      db.exec(REOPEN_UPLOADS);
      for (const table of tables) if (!KEPT.has(table)) db.exec(`DELETE FROM "${table}"`);
    })();
  } finally {
    db.close();
  }
}
