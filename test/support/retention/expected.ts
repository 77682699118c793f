/**
 * What a run of retention must leave, computed from a store before the run: by sets in SQL, where retention looks at one
 * record after the other. Nothing of it is shared with what it checks.
 */
import { lstatSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import Database from "better-sqlite3";
import { DATABASE_FILE } from "../../../lib/store/store.ts";
import { NOW, type Trial } from "./trial.ts";

/** Days; null: for ever. */
export interface Days {
  readonly events: number | null;
  readonly detections: number | null;
  readonly pictures: number | null;
  readonly originals: number | null;
}

export interface Limits {
  readonly all: Days;
  readonly yard: Days;
}

/** Ids, by table, and files relative to the folder that holds both. */
export type Contents = Record<"events" | "batches" | "inspections" | "uploads" | "purged" | "files", string[]>;

const DAY = 24 * 60 * 60_000;
const FAR = 1e9;

/** `reviewed` and `starred` events, and critical ones, are to be kept. */
export function expected(trial: Trial, { all, yard }: Limits): Contents {
  const db = new Database(join(trial.dataDir, DATABASE_FILE), { readonly: true });
  try {
    // Nothing is written: views and tables of this connection only.
    db.pragma("temp_store = MEMORY");
    db.exec(
      "CREATE TEMP TABLE cut(camera TEXT PRIMARY KEY, e, d, p, o); CREATE TEMP TABLE file_there(upload_id TEXT PRIMARY KEY); CREATE TEMP TABLE link_there(upload_id TEXT PRIMARY KEY)",
    );
    const cut = db.prepare("INSERT INTO cut VALUES(?, ?, ?, ?, ?)");
    const at = (days: number | null) => NOW - (days ?? FAR) * DAY;
    const cameras = db
      .prepare<[], string>("SELECT camera_id FROM uploads UNION SELECT camera_id FROM batches")
      .pluck()
      .all();
    for (const camera of cameras) {
      const days = camera === "yard" ? yard : all;
      cut.run(camera, at(days.events), at(days.detections), at(days.pictures), at(days.originals));
    }
    noteFiles(db, trial);
    db.exec(SETS);
    const ids = (sql: string) => db.prepare<[], string>(sql).pluck().all().sort();
    return {
      events: ids("SELECT event_id FROM events EXCEPT SELECT event_id FROM gone_event"),
      batches: ids("SELECT batch_id FROM batches EXCEPT SELECT batch_id FROM gone_batch"),
      inspections: ids("SELECT inspection_id FROM inspections EXCEPT SELECT inspection_id FROM gone_inspection"),
      uploads: ids("SELECT upload_id FROM uploads EXCEPT SELECT upload_id FROM gone_upload"),
      purged: ids("SELECT upload_id FROM purged EXCEPT SELECT upload_id FROM gone_upload"),
      files: expectedFiles(db, trial),
    };
  } finally {
    db.close();
  }
}

/** What there is. */
export function contents(trial: Trial): Contents {
  const db = new Database(join(trial.dataDir, DATABASE_FILE), { readonly: true });
  try {
    const ids = (sql: string) => db.prepare<[], string>(sql).pluck().all().sort();
    return {
      events: ids("SELECT event_id FROM events"),
      batches: ids("SELECT batch_id FROM batches"),
      inspections: ids("SELECT inspection_id FROM inspections"),
      uploads: ids("SELECT upload_id FROM uploads"),
      purged: ids("SELECT upload_id FROM uploads WHERE state = 'purged'"),
      files: allFiles(trial),
    };
  } finally {
    db.close();
  }
}

/** Rows that name a file of Vigil's own, or an original that retention has deleted, which is not there. */
export function dangling(trial: Trial): string[] {
  const db = new Database(join(trial.dataDir, DATABASE_FILE), { readonly: true });
  try {
    const named = db.prepare<[], string>(`
      SELECT thumbnail_path FROM inspections WHERE thumbnail_path IS NOT NULL
      UNION SELECT thumbnail_path FROM events WHERE thumbnail_path IS NOT NULL
      UNION SELECT picture_path FROM events WHERE picture_path IS NOT NULL
      UNION SELECT still_path FROM inspections JOIN uploads USING(upload_id)
        WHERE still_path IS NOT NULL AND (still_path <> root || '/' || path OR removed_at IS NOT NULL)`);
    return named
      .pluck()
      .all()
      .filter((path) => !exists(path));
  } finally {
    db.close();
  }
}

/** Files in the camera folder that a scan would take for new uploads. */
export function wouldBeTaken(trial: Trial): string[] {
  const db = new Database(join(trial.dataDir, DATABASE_FILE), { readonly: true });
  try {
    const known = db
      .prepare<[string, string, bigint, bigint]>(
        "SELECT 1 FROM uploads WHERE root = ? AND path = ? AND size = ? AND mtime_ns = ? AND state <> 'gone'",
      )
      .pluck();
    const files = readdirSync(trial.root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files.flatMap((entry) => {
      const file = join(entry.parentPath, entry.name);
      const { size, mtimeNs } = lstatSync(file, { bigint: true });
      const path = relative(trial.root, file);
      return known.get(trial.root, path, size, mtimeNs) === undefined ? [path] : [];
    });
  } finally {
    db.close();
  }
}

function allFiles(trial: Trial): string[] {
  const base = join(trial.dataDir, "..");
  const found: string[] = [];
  for (const folder of ["thumbnails", "stills", "pictures", "inbox"]
    .map((name) => join(trial.dataDir, name))
    .concat(trial.root)) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isDirectory()) found.push(relative(base, join(entry.parentPath, entry.name)));
    }
  }
  return found.sort();
}

function noteFiles(db: Database.Database, trial: Trial): void {
  const note = db.prepare("INSERT INTO file_there VALUES(?)");
  const link = db.prepare("INSERT INTO link_there VALUES(?)");
  const uploads = db
    .prepare<[], { id: string; path: string; size: bigint; mtime: bigint }>(
      "SELECT upload_id AS id, path, size, mtime_ns AS mtime FROM uploads WHERE root IS NOT NULL",
    )
    .safeIntegers()
    .all();
  for (const { id, path, size, mtime } of uploads) {
    const stats = lstatSync(join(trial.root, path), { bigint: true, throwIfNoEntry: false });
    const isLink = stats?.isSymbolicLink() ?? false;
    if (isLink) link.run(id);
    // A link is left alone, and with it the row.
    if (isLink || (stats?.size === size && stats.mtimeNs === mtime)) note.run(id);
  }
}

function expectedFiles(db: Database.Database, trial: Trial): string[] {
  const base = join(trial.dataDir, "..");
  const gone = db
    .prepare<[], string>(`
    SELECT thumbnail_path FROM inspections WHERE inspection_id IN gone_still
    UNION SELECT still_path FROM inspections WHERE inspection_id IN gone_still AND still_path LIKE '%/stills/%'
    UNION SELECT picture_path FROM events WHERE event_id IN gone_picture
    UNION SELECT root || '/' || path FROM uploads WHERE upload_id IN gone_original
    UNION SELECT path FROM uploads WHERE root IS NULL AND upload_id IN gone_upload
      AND NOT EXISTS(SELECT 1 FROM uploads o WHERE o.root IS NULL AND o.path = uploads.path AND o.upload_id NOT IN gone_upload)`)
    .pluck()
    .all();
  const strays = [
    "data/thumbnails/front/2026-09-01/in_stray.jpg",
    "data/stills/yard/2026-09-01/in_stray2.jpg",
    "data/pictures/yard/2026-09-01/ev_stray.jpg",
    `data/inbox/${"b".repeat(64)}.jpg`,
  ];
  const all = new Set([...gone.flatMap((path) => (path ? [relative(base, path)] : [])), ...strays]);
  return allFiles(trial).filter((file) => !all.has(file));
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

const ms = (column: string) => `(unixepoch(${column}, 'subsec') * 1000.0)`;

const SETS = `
  CREATE TEMP TABLE busy AS
    SELECT subject_id AS id FROM work WHERE state IN ('queued', 'dead')
    UNION SELECT subject_id FROM handovers WHERE state IN ('air', 'unclaimed');
  CREATE TEMP TABLE busy_event AS
    SELECT id FROM busy UNION SELECT subject_id FROM outbox WHERE kind = 'event';
  CREATE TEMP TABLE kept_event AS
    SELECT event_id FROM events WHERE reviewed OR starred OR risk_level = 'critical' OR event_id IN busy_event;
  CREATE TEMP TABLE busy_batch AS SELECT batch_id FROM batches WHERE state = 'open' OR batch_id IN (SELECT id FROM busy);

  CREATE TEMP TABLE gone_event AS
    SELECT event_id FROM events e JOIN batches b USING(batch_id) JOIN cut ON camera = b.camera_id
    WHERE e.event_id NOT IN kept_event AND b.batch_id NOT IN busy_batch AND ${ms("e.created_at")} < cut.e AND b.opened_ms < cut.e;
  CREATE TEMP TABLE gone_batch AS
    SELECT batch_id FROM batches b JOIN cut ON camera = b.camera_id
    WHERE state = 'closed' AND batch_id NOT IN busy_batch AND opened_ms < cut.d
      AND batch_id NOT IN (SELECT batch_id FROM events WHERE event_id NOT IN gone_event)
      AND batch_id NOT IN (
        SELECT m.batch_id FROM batch_inspections m JOIN inspections i USING(inspection_id)
        JOIN batches o ON o.batch_id = m.batch_id JOIN cut c ON c.camera = o.camera_id
        WHERE i.inspection_id IN (SELECT id FROM busy) OR ${ms("i.inspected_at")} >= c.d);
  INSERT INTO gone_batch SELECT batch_id FROM batches WHERE merged_into IN gone_batch;
  CREATE TEMP TABLE gone_inspection AS
    SELECT inspection_id FROM batch_inspections GROUP BY inspection_id HAVING sum(batch_id NOT IN gone_batch) = 0
    UNION ALL
    SELECT inspection_id FROM inspections i JOIN uploads u USING(upload_id) JOIN cut ON camera = u.camera_id
    WHERE ${ms("inspected_at")} < cut.d AND inspection_id NOT IN (SELECT id FROM busy)
      AND inspection_id NOT IN (SELECT inspection_id FROM batch_inspections);

  CREATE TEMP TABLE gone_picture AS
    SELECT event_id FROM gone_event
    UNION SELECT event_id FROM events e JOIN batches b USING(batch_id) JOIN cut ON camera = b.camera_id
    WHERE event_id NOT IN kept_event AND batch_id NOT IN busy_batch AND ${ms("e.created_at")} < cut.p AND opened_ms < cut.p;
  CREATE TEMP TABLE needed_inspection AS
    SELECT inspection_id FROM batch_inspections m WHERE batch_id IN busy_batch
      OR batch_id IN (SELECT batch_id FROM events WHERE event_id IN kept_event) OR inspection_id IN (SELECT id FROM busy);
  CREATE TEMP TABLE gone_still AS
    SELECT inspection_id FROM gone_inspection
    UNION SELECT inspection_id FROM batch_inspections m JOIN batches b USING(batch_id) JOIN inspections i USING(inspection_id)
      JOIN cut ON camera = b.camera_id
    WHERE inspection_id NOT IN needed_inspection AND b.opened_ms < cut.p AND ${ms("i.inspected_at")} < cut.p;

  CREATE TEMP TABLE busy_upload AS
    SELECT upload_id FROM uploads WHERE upload_id IN (SELECT id FROM busy) OR original_id IN (SELECT id FROM busy)
    UNION SELECT upload_id FROM inspections i WHERE inspection_id IN (SELECT id FROM busy)
      OR inspection_id IN (SELECT inspection_id FROM batch_inspections WHERE batch_id IN busy_batch);
  CREATE TEMP TABLE needed_upload AS
    SELECT upload_id FROM inspections WHERE inspection_id IN needed_inspection UNION SELECT upload_id FROM busy_upload;
  CREATE TEMP TABLE gone_original AS
    SELECT upload_id FROM uploads u JOIN cut ON camera = u.camera_id
    WHERE root IS NOT NULL AND state IN ('handed', 'duplicate', 'rejected', 'skipped') AND ${ms("received_at")} < cut.o
      AND upload_id IN file_there AND upload_id NOT IN needed_upload
      AND upload_id NOT IN link_there;
  CREATE TEMP TABLE alive_upload AS
    SELECT upload_id FROM inspections WHERE inspection_id NOT IN gone_inspection UNION SELECT upload_id FROM busy_upload;
  CREATE TEMP TABLE purged AS
    SELECT upload_id FROM uploads WHERE state = 'handed' AND upload_id NOT IN alive_upload
      AND upload_id IN (SELECT upload_id FROM inspections);
  CREATE TEMP TABLE gone_upload AS
    SELECT upload_id FROM uploads u JOIN cut ON camera = u.camera_id
    WHERE state <> 'found' AND ${ms("received_at")} < cut.d AND upload_id NOT IN alive_upload
      AND (root IS NULL OR upload_id IN gone_original OR upload_id NOT IN file_there);
  DELETE FROM gone_upload WHERE upload_id IN (
    SELECT original_id FROM uploads WHERE original_id IS NOT NULL AND upload_id NOT IN gone_upload);
`;
