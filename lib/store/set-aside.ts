/**
 * What happens to a corrupt database: it is marked as such, the next opening moves it aside, and a new one begins from
 * the nightly backup. One that has gone or was emptied, beside a backup, is dealt with in the same way. Each step may be
 * the last one of a process that is killed, and is gone on from.
 */
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toIso } from "../domain/time.ts";
import { codeOf } from "../resilience/disk-full.ts";
import { BACKUP_FILE, PREVIOUS_BACKUP_FILE } from "./backup.ts";
import { CORRUPT_MARKER, DATABASE_FILE, isCorrupt } from "./open.ts";
import { seed } from "./seed.ts";

/** The one to prefer first. */
const BACKUPS = [BACKUP_FILE, PREVIOUS_BACKUP_FILE];
const ASIDE_NAME = /^vigil\.db\.corrupt-\d{8}T\d{6}Z(-\d+)?$/;

/** The log has what the database has not got yet, and goes where it goes. */
const COMPANIONS = ["-wal", "-shm"];

/** A corrupt database that was replaced. */
export interface SetAside {
  /** Absolute path of what was left of the old database; its companions lie beside it. */
  readonly path: string;
  /** When the backup was made that the new one begins with, as an ISO time; null where it begins empty. */
  readonly backupFrom: string | null;
}

/** Marks the database of a data folder as corrupt, once. */
export function markCorrupt(dataDir: string, now: number): void {
  try {
    writeFileSync(join(dataDir, CORRUPT_MARKER), freeName(dataDir, now), { flag: "wx" });
  } catch (thrown) {
    if (codeOf(thrown) !== "EEXIST") throw thrown;
  }
}

/** Replaces a database that is corrupt, as the mark says, or lost, and that nobody has open; null where it is neither. */
export function replaceCorrupt(dataDir: string, now: number): SetAside | null {
  const marker = join(dataDir, CORRUPT_MARKER);
  if (isLost(dataDir)) markCorrupt(dataDir, now);
  if (!existsSync(marker)) return null;
  const name = readFileSync(marker, "utf8");
  if (!ASIDE_NAME.test(name)) {
    // A power cut left it empty.
    rmSync(marker);
    markCorrupt(dataDir, now);
    return replaceCorrupt(dataDir, now);
  }
  const path = join(dataDir, name);
  moveAside(join(dataDir, DATABASE_FILE), path);
  const backupFrom = beginAnew(dataDir);
  rmSync(marker);
  return { path, backupFrom };
}

/** Whether there was a database, as its backup proves, and there is none. */
function isLost(dataDir: string): boolean {
  const size = statSync(join(dataDir, DATABASE_FILE), { throwIfNoEntry: false })?.size ?? 0;
  return size === 0 && BACKUPS.some((backup) => existsSync(join(dataDir, backup)));
}

/** The database goes last: once it has gone, what lies in its place is a new one. */
function moveAside(database: string, path: string): void {
  if (existsSync(path)) return;
  for (const suffix of [...COMPANIONS, ""]) {
    if (existsSync(database + suffix)) renameSync(database + suffix, path + suffix);
  }
}

/** Puts what the last sound backup brings in the database's place; without one the store makes itself a database. */
function beginAnew(dataDir: string): string | null {
  for (const backup of BACKUPS) {
    const backupFrom = beginFrom(dataDir, join(dataDir, backup));
    if (backupFrom !== null) return backupFrom;
  }
  return null;
}

/** The time of the backup; null where there is none, or none that can be used. */
function beginFrom(dataDir: string, backup: string): string | null {
  if (!existsSync(backup)) return null;
  const database = join(dataDir, DATABASE_FILE);
  const draft = `${database}.new`;
  const removeDraft = () => {
    for (const suffix of [...COMPANIONS, ""]) rmSync(draft + suffix, { force: true });
  };
  removeDraft();
  try {
    copyFileSync(backup, draft);
    seed(draft);
  } catch (thrown) {
    removeDraft();
    if (isCorrupt(thrown) || codeOf(thrown).startsWith("SQLITE_CONSTRAINT")) return null;
    throw thrown;
  }
  renameSync(draft, database);
  return toIso(statSync(backup).mtimeMs);
}

/** Dated, and no earlier one's. */
function freeName(dataDir: string, now: number): string {
  const dated = `${DATABASE_FILE}.corrupt-${toIso(now).replace(/[-:]|\.\d+/g, "")}`;
  let name = dated;
  for (let n = 2; ["", ...COMPANIONS].some((suffix) => existsSync(join(dataDir, name + suffix))); n += 1) {
    name = `${dated}-${n}`;
  }
  return name;
}
