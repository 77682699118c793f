/** The thread that copies a database while it is in use, and checks the copy. It ends with an error, or in silence. */
import { workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import { z } from "zod";
import { assertSound } from "./open.ts";

const { source, copy } = z.object({ source: z.string(), copy: z.string() }).parse(workerData);

const database = new Database(source, { readonly: true, fileMustExist: true });
try {
  // One snapshot: otherwise each commit in the meantime would begin the copy anew.
  database.exec("BEGIN");
  database.prepare("SELECT count(*) FROM sqlite_schema").get();
  await database.backup(copy);
} finally {
  database.close();
}

const copied = new Database(copy);
try {
  // A corrupt copy must not take the place of a sound one.
  assertSound(copied);
  // A single file, whatever becomes of the folder.
  copied.pragma("journal_mode = DELETE");
} finally {
  copied.close();
}
