/** Looks at the store as a killed process left it, in a copy, so that the next life finds it untouched. */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type Violation, violations } from "../support/invariants.ts";

/** What contradicts itself in it; nothing where there is no store yet. `morgue`: a folder for the copy. */
export function postMortem(database: string, morgue: string): Violation[] {
  const copy = join(morgue, "copy.db");
  for (const part of ["", "-wal", "-shm"]) rmSync(copy + part, { force: true });
  for (const part of ["", "-wal"]) if (existsSync(database + part)) copyFileSync(database + part, copy + part);
  if (!existsSync(copy)) return [];
  const db = new Database(copy);
  try {
    return db.pragma("user_version", { simple: true }) === 0 ? [] : violations(db);
  } finally {
    db.close();
  }
}
