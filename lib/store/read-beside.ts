/** Reads a store beside the Node-RED that uses it: nothing is locked, written or brought up to date. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { asError, StoreError } from "../resilience/errors.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { DATABASE_FILE } from "./open.ts";

/** Where the header of a database says how it is written and read, and what it says there without a log beside it. */
const JOURNAL_BYTES = [18, 19];
const NO_LOG = 1;

/**
 * What `read` finds in a data folder's database as it is at this moment.
 * @throws StoreError `STORE_MISSING`, `STORE_NEWER`, `STORE_OLDER`, or `STORE_UNUSABLE` with SQLite's own reason
 */
export function readBeside<T>(dataDir: string, read: (db: Database.Database) => T): T {
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
    return db.transaction(read)(db);
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
