/** The thread that copies a database's journal into the database while it is in use: once for each message. */
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import { z } from "zod";

const Checkpoint = z.object({ log: z.int() });

const { database } = z.object({ database: z.string() }).parse(workerData);
const db = new Database(database, { fileMustExist: true });
db.pragma("synchronous = NORMAL");
process.once("exit", () => db.close());

parentPort?.on("message", () => {
  // It waits for nobody: what is written meanwhile is left for the next.
  const [row] = z.tuple([Checkpoint]).parse(db.pragma("wal_checkpoint(PASSIVE)"));
  parentPort?.postMessage(row.log);
});
