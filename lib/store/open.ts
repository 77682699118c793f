/** Entering a data folder and connecting to its database, and what it means where either fails. */
import { accessSync, constants, existsSync, mkdirSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { codeOf, isDiskFull } from "../resilience/disk-full.ts";
import { asError, StoreError } from "../resilience/errors.ts";
import { takeLock } from "./lock.ts";
import { isNetworkFileSystem } from "./network-file-system.ts";

export const DATABASE_FILE = "vigil.db";

/** Says that the database is corrupt, and under which name it is to be set aside. */
export const CORRUPT_MARKER = `${DATABASE_FILE}.corrupt`;

/** Waiting for somebody else's lock, a backup's for one, holds up the whole of Node-RED. */
const BUSY_MS = 1_000;

/**
 * Where the thread that copies the journal into the database does not keep up, or has failed, a commit does it when there
 * are so many pages, here 64 MB. All of Node-RED waits meanwhile.
 */
const CHECKPOINT_PAGES = 16_000;

/** Of Node, where better-sqlite3 has a build for this machine that does not fit, or none. */
const NO_SQLITE: ReadonlySet<string> = new Set(["ERR_DLOPEN_FAILED", "MODULE_NOT_FOUND"]);

const NOT_ALLOWED: ReadonlySet<string> = new Set(["EROFS", "EACCES", "EPERM", "SQLITE_PERM"]);

/**
 * Makes a data folder where it is missing and takes its lock; the answer gives the lock back. Throws a StoreError
 * `STORE_NETWORK` or `STORE_LOCKED`, and what `openError` can explain.
 */
export function enterFolder(dataDir: string): () => void {
  assertWritable(dataDir);
  mkdirSync(dataDir, { recursive: true });
  if (isNetworkFileSystem(statfsSync(dataDir, { bigint: true }).type)) {
    throw new StoreError(
      "STORE_NETWORK",
      `The data folder ${dataDir} is on a network drive, where SQLite cannot keep a database safe: name a folder on a drive of this machine`,
    );
  }
  const unlock = takeLock(join(dataDir, "vigil.lock"));
  try {
    const database = join(dataDir, DATABASE_FILE);
    // SQLite would open it all the same, and fail at the first change.
    if (existsSync(database)) accessSync(database, constants.W_OK);
    return unlock;
  } catch (thrown) {
    unlock();
    throw thrown;
  }
}

/** Connects to a database, which is made where it is missing. `:memory:` is one in memory. */
export function connect(path: string): Database.Database {
  const db = new Database(path, { timeout: BUSY_MS });
  try {
    // Before anything is in it: what is deleted can then give its room back, a bit at a time.
    if (db.pragma("page_count", { simple: true }) === 0) db.pragma("auto_vacuum = INCREMENTAL");
    db.pragma("journal_mode = WAL");
    // Set in so many words: a database that has just become WAL still has FULL.
    db.pragma("synchronous = NORMAL");
    db.pragma("foreign_keys = ON");
    db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/** On a disk that is full, the journal is copied into the database at SQLite's own length, now and from now on. */
export function keepJournalShort(db: Database.Database): void {
  db.pragma("wal_autocheckpoint = 1000");
  if (db.inTransaction) return;
  try {
    db.pragma("wal_checkpoint(PASSIVE)");
  } catch {
    // The commits that follow try again.
  }
}

/**
 * Reads all of a database, and holds its indexes against its tables. Throws SQLite's own error `SQLITE_CORRUPT` where it
 * is not sound.
 */
export function assertSound(db: Database.Database): void {
  const verdict = db.pragma("integrity_check(1)", { simple: true });
  if (verdict !== "ok") throw new Database.SqliteError(String(verdict), "SQLITE_CORRUPT");
}

/** Whether SQLite says that a file is no sound database: no fault of the disk's, and not to be repaired by waiting. */
export function isCorrupt(thrown: unknown): boolean {
  if (!(thrown instanceof Database.SqliteError)) return false;
  return thrown.code.startsWith("SQLITE_CORRUPT") || thrown.code === "SQLITE_NOTADB";
}

/**
 * Why a data folder cannot be used: `STORE_READ_ONLY`, `DISK_FULL`, or `STORE_UNUSABLE` with the system's own reason, all
 * retryable, because a drive is mounted late, disks get repaired and room is made; or `STORE_NO_SQLITE`, for good. What is a
 * StoreError already stays as it is.
 */
export function openError(dataDir: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const code = codeOf(cause);
  const options = { retryable: true, cause };
  if (NOT_ALLOWED.has(code) || code.startsWith("SQLITE_READONLY")) {
    return new StoreError(
      "STORE_READ_ONLY",
      `The data folder ${dataDir} cannot be written to (${code}): let the user of Node-RED write there, or name another folder`,
      options,
    );
  }
  if (isDiskFull(cause)) {
    return new StoreError("DISK_FULL", `There is no room left on the disk of the data folder ${dataDir}`, options);
  }
  const { message } = asError(cause);
  if (NO_SQLITE.has(code)) {
    const [reason] = message.split("\n");
    return new StoreError(
      "STORE_NO_SQLITE",
      `SQLite does not run on this machine: it takes an x64 or arm64 processor, and glibc 2.34, as Debian 12 and Ubuntu 22.04 have it, or musl (${reason})`,
      { cause },
    );
  }
  return new StoreError("STORE_UNUSABLE", `The data folder ${dataDir} cannot be used: ${message}`, options);
}

/** Throws where a folder, or the one that it is to be made in, may not be written to. `mkdir` itself says `ENOENT`. */
function assertWritable(folder: string): void {
  if (existsSync(folder)) accessSync(folder, constants.W_OK);
  else assertWritable(dirname(folder));
}
