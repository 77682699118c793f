/** The thread that copies a database's journal into the database while it is in use. It answers each message but the last. */
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";

export interface CheckpointThread {
  readonly database: string;
  /** 1 once the thread has left the database. */
  readonly closed: Int32Array;
}

type Journal = [busy: number, pages: number, copied: number];

/** Here 4 MB. */
const WORTH_IT_PAGES = 1_000;
/** The journal begins anew only where a commit finds all of it copied: what comes meanwhile is copied, too. */
const PASSES = 3;

const { database, closed }: CheckpointThread = workerData;
let db: Database.Database | undefined;
process.once("exit", () => {
  db?.close();
  Atomics.store(closed, 0, 1);
  Atomics.notify(closed, 0);
});
db = new Database(database, { fileMustExist: true });
db.pragma("synchronous = NORMAL");
const look = db.prepare<[], Journal>("PRAGMA wal_checkpoint(NOOP)").raw();
// It waits for nobody.
const copy = db.prepare<[], Journal>("PRAGMA wal_checkpoint(PASSIVE)").raw();

function uncopied(): number {
  const [, pages, copied] = look.get() ?? [0, 0, 0];
  return pages - copied;
}

function copyJournal(): void {
  try {
    if (uncopied() < WORTH_IT_PAGES) return;
    for (let pass = 1; pass <= PASSES && uncopied() > 0; pass++) copy.get();
  } catch {
    // The disk is full, for one: the next look tries again.
  }
}

parentPort?.on("message", (message: "look" | "close") => {
  if (message === "close") process.exit();
  copyJournal();
  parentPort?.postMessage("looked");
});
