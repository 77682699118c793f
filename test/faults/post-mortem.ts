/** Looks at the store as a killed process left it, in a copy, so that the next life finds it untouched. */
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { violations } from "../support/invariants.ts";
import type { Finding } from "./findings.ts";
import { auditHeard, type Heard } from "./publications.ts";

export interface Body extends Heard {
  readonly database: string;
  /** A folder for the copy. */
  readonly morgue: string;
}

/** What contradicts itself in the store, or what has been published; nothing where there is no store yet. */
export function postMortem({ database, morgue, heard, life }: Body): Finding[] {
  const copy = join(morgue, "copy.db");
  for (const part of ["", "-wal", "-shm"]) rmSync(copy + part, { force: true });
  for (const part of ["", "-wal"]) if (existsSync(database + part)) copyFileSync(database + part, copy + part);
  if (!existsSync(copy)) return [];
  const db = new Database(copy);
  try {
    if (db.pragma("user_version", { simple: true }) === 0) return [];
    const contradictions = violations(db).map(({ what }): Finding => ({ kind: "lost", what, life }));
    return [...contradictions, ...auditHeard(db, { heard, life })];
  } finally {
    db.close();
  }
}

/** Whether a store says that a folder is watched; if so, it says so even after the power is cut. */
export function isWatched(database: string): boolean {
  if (!existsSync(database)) return false;
  const db = new Database(database);
  try {
    const watched = db.prepare("SELECT 1 FROM roots").get() !== undefined;
    db.pragma("wal_checkpoint(TRUNCATE)");
    return watched;
  } catch {
    // There is no such table yet.
    return false;
  } finally {
    db.close();
  }
}
