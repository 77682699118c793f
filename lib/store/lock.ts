/** One holder per data folder: a second process, or a second site in this one, is refused at once. */
import Database from "better-sqlite3";
import { StoreError } from "../resilience/errors.ts";

/**
 * Takes an exclusive lock on a small database beside the store; the answer gives it back. A killed process gives it
 * back by itself, which is why this is SQLite's own lock and not a file with a process id in it.
 * Throws a StoreError `STORE_LOCKED`, retryable because the other one may be about to end, where another holds it.
 */
export function takeLock(path: string): () => void {
  const lock = new Database(path, { timeout: 0 });
  try {
    lock.pragma("locking_mode = EXCLUSIVE");
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    if (!(cause instanceof Database.SqliteError) || !cause.code.startsWith("SQLITE_BUSY")) throw cause;
    throw new StoreError(
      "STORE_LOCKED",
      `Another Vigil uses the data folder of ${path}: give each site its own data folder, and run one Node-RED on it`,
      { retryable: true, cause },
    );
  }
  return () => lock.close();
}
