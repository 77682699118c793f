/** What a store has judged, read beside the Node-RED that uses it: nothing is locked, written or brought up to date. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Batch } from "../domain/batch.ts";
import { EventRecord } from "../domain/event.ts";
import { asError, StoreError } from "../resilience/errors.ts";
import { EventRow } from "./codecs.ts";
import { fromJournal } from "./journal.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { DATABASE_FILE } from "./open.ts";
import type { PromptVersion } from "./prompts.ts";

export interface WantedEvents {
  /** As many, the latest by their beginning. */
  readonly last: number;
  /** Null: of all cameras. */
  readonly cameraId: string | null;
}

/** An event as it stands, and what it was judged on. */
export interface JudgedEvent {
  readonly event: EventRecord;
  readonly batch: Batch;
}

export interface Judged {
  /** The earliest first. */
  readonly events: readonly JudgedEvent[];
  /** How many more of the wanted events there are: their batch was not kept, or nobody can read them. */
  readonly leftOut: number;
  /** The prompts that any node has had, the newest first. */
  readonly prompts: readonly PromptVersion[];
}

const COLUMNS = Object.keys(EventRecord.shape);
/** Where the header of a database says how it is written and read, and what it says there without a log beside it. */
const JOURNAL_BYTES = [18, 19];
const NO_LOG = 1;

/**
 * Reads events of a data folder as they are at this moment.
 * @throws StoreError `STORE_MISSING`, `STORE_NEWER`, `STORE_OLDER`, or `STORE_UNUSABLE` with SQLite's own reason
 */
export function readJudged(dataDir: string, wanted: WantedEvents): Judged {
  const path = join(dataDir, DATABASE_FILE);
  if (!existsSync(path)) {
    throw new StoreError(
      "STORE_MISSING",
      `There is no ${DATABASE_FILE} in ${dataDir}: name the data folder of a site, as its form has it`,
    );
  }
  let db: Database.Database | undefined;
  try {
    db = openBeside(path);
    assertSchema(db, dataDir);
    // One snapshot.
    return db.transaction(read)(db, wanted);
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw new StoreError("STORE_UNUSABLE", `The database ${path} cannot be read: ${asError(cause).message}`, { cause });
  } finally {
    db?.close();
  }
}

/** Without a log nobody has the database open, and to open the file itself would leave an empty log beside it. */
function openBeside(path: string): Database.Database {
  if (existsSync(`${path}-wal`)) return new Database(path, { readonly: true, fileMustExist: true });
  const bytes = readFileSync(path);
  for (const at of JOURNAL_BYTES) bytes[at] = NO_LOG;
  return new Database(bytes, { readonly: true });
}

function assertSchema(db: Database.Database, dataDir: string): void {
  const found = Number(db.pragma("user_version", { simple: true }));
  if (found === SCHEMA_VERSION) return;
  const schemas = `The database in ${dataDir} has schema ${found}, and this version of Vigil reads schema ${SCHEMA_VERSION}`;
  if (found > SCHEMA_VERSION) throw new StoreError("STORE_NEWER", `${schemas}: use the newer Vigil that wrote it`);
  throw new StoreError("STORE_OLDER", `${schemas}: start Node-RED with this version once, which brings it up to date`);
}

function read(db: Database.Database, { last, cameraId }: WantedEvents): Judged {
  const rows = db
    .prepare<[{ last: number; cameraId: string | null }], Record<string, unknown> & { batch: string | null }>(`
      SELECT ${COLUMNS.map((column) => `e.${column}`).join(", ")}, j.batch
      FROM events e LEFT JOIN judged_batches j USING(event_id)
      WHERE :cameraId IS NULL OR e.camera_id = :cameraId ORDER BY e.started_at DESC, e.event_id DESC LIMIT :last`)
    .all({ last, cameraId });
  const events = rows.flatMap(readEvent).toReversed();
  const prompts = db
    .prepare<[], PromptVersion>(
      "SELECT version, household, house_rules, text, created_at FROM prompts ORDER BY created_at DESC, version",
    )
    .all();
  return { events, leftOut: rows.length - events.length, prompts };
}

function readEvent({ batch, ...row }: Record<string, unknown> & { batch: string | null }): JudgedEvent[] {
  try {
    return batch === null ? [] : [{ event: EventRow.parse(row), batch: Batch.parse(fromJournal(batch).payload) }];
  } catch {
    return [];
  }
}
