/** The nightly backup of a store's database, from which a new one begins where the database turns out corrupt. */
import { once } from "node:events";
import { mkdir, rename, rm, stat, statfs, utimes } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { codeOf } from "../resilience/disk-full.ts";
import { asError, StoreError } from "../resilience/errors.ts";
import { DATABASE_FILE } from "./open.ts";

/** In the data folder. */
export const BACKUP_FILE = join("backup", DATABASE_FILE);

/** Local time. */
const BACKUP_HOUR = 3;

const THREAD = new URL(`./backup-thread${extname(import.meta.filename)}`, import.meta.url);

/**
 * Whether there is no backup of last night, which for a site that was off then is made when it is on again. `now` is
 * in milliseconds since 1970.
 */
export async function isBackupDue(dataDir: string, now: number): Promise<boolean> {
  const due = new Date(now);
  due.setHours(BACKUP_HOUR, 0, 0, 0);
  if (due.getTime() > now) due.setDate(due.getDate() - 1);
  try {
    const { mtimeMs } = await stat(join(dataDir, BACKUP_FILE));
    // One from the future was made while the clock was wrong.
    return mtimeMs < due.getTime() || mtimeMs > now;
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return true;
    throw thrown;
  }
}

/**
 * Copies the database of an open store, checks the copy and puts it in the place of the last backup, dated `now`. Until
 * then the last one stays as it is. Throws a StoreError `BACKUP_FAILED`, and the signal's reason on abort.
 */
export async function backUp(dataDir: string, now: number, signal: AbortSignal): Promise<void> {
  const backup = join(dataDir, BACKUP_FILE);
  const copy = `${backup}.tmp`;
  try {
    const source = join(dataDir, DATABASE_FILE);
    await assertRoom(source);
    await mkdir(dirname(backup), { recursive: true });
    // A process that was killed may have left one.
    await removeCopy(copy);
    await copyInThread(source, copy, signal);
    await utimes(copy, now / 1_000, now / 1_000);
    await rename(copy, backup);
  } catch (cause) {
    await removeCopy(copy);
    signal.throwIfAborted();
    throw new StoreError("BACKUP_FAILED", `The database could not be backed up: ${asError(cause).message}`, { cause });
  }
}

/** A disk that is nearly full has better uses for its room. */
async function assertRoom(source: string): Promise<void> {
  const [database, log] = await Promise.all([stat(source), stat(`${source}-wal`)]);
  const { bavail, bsize } = await statfs(source);
  if (bavail * bsize < 2 * (database.size + log.size)) throw new Error("the disk is nearly full");
}

async function removeCopy(copy: string): Promise<void> {
  for (const suffix of ["", "-journal"]) await rm(copy + suffix, { force: true });
}

/** Waiting for the disk to take a large file holds up whole seconds, so a thread does that. */
async function copyInThread(source: string, copy: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const thread = new Worker(THREAD, { workerData: { source, copy } });
  const stop = () => void thread.terminate();
  signal.addEventListener("abort", stop);
  try {
    await once(thread, "exit");
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
