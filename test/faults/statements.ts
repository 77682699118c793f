/**
 * Loaded into Node-RED before its nodes: lets the process die at its n-th SQL statement, and notes how far the store has
 * surely reached the disk.
 */
import { existsSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { createRequire, Module } from "node:module";
import type Database from "better-sqlite3";
import { z } from "zod";
import { INDEX_BYTES, type WalPosition, walPosition, writePosition } from "./wal.ts";

/**
 * The n-th statement, counted from 1 over all databases, of those that contain a word (of all where that is empty), or so
 * many statements later. Counted from so many milliseconds after the start.
 */
export const KillAt = z.object({
  afterMs: z.int().nonnegative(),
  n: z.int().positive(),
  word: z.string(),
  later: z.int().nonnegative(),
});
export type KillAt = z.infer<typeof KillAt>;

export interface Watch {
  /** The process kills itself before it runs this statement; null: it does not. */
  readonly killAt: KillAt | null;
  /** The store, and the file that says how far its log is durable. */
  readonly database: string;
  readonly durableFile: string;
}

const require = createRequire(import.meta.url);
const sqlite = require.resolve("better-sqlite3");
const RealDatabase: typeof Database = require(sqlite);

let watch: Watch | null = null;
let begunAt = 0;
let matching = 0;
let later = 0;

/** Begins to count. */
export function watchStatements(given: Watch): void {
  watch = given;
  begunAt = performance.now();
}

/** Called with each statement that is about to run. */
function beforeStatement(database: string): (sql: unknown) => void {
  let synchronous = "";
  /** Where the log stood when a transaction began that is to be synced. */
  let begun: WalPosition | null = null;
  let committing = false;
  return (sql) => {
    const statement = String(sql).trim();
    if (database === watch?.database) {
      // The statement before this one was a commit, and did not fail.
      if (committing && statement !== "ROLLBACK") noteDurable(watch, begun);
      synchronous = /^PRAGMA synchronous\s*=\s*(\w+)/i.exec(statement)?.[1]?.toUpperCase() ?? synchronous;
      if (synchronous === "FULL" && statement.startsWith("BEGIN")) begun = whereWalStands(database);
      committing = synchronous === "FULL" && statement === "COMMIT";
    }
    if (watch?.killAt) countDown(statement, watch.killAt);
  };
}

function countDown(statement: string, { afterMs, n, word, later: wait }: KillAt): void {
  if (performance.now() < begunAt + afterMs) return;
  if (matching < n && statement.includes(word)) matching += 1;
  else if (matching === n) later += 1;
  if (matching === n && later === wait) process.kill(process.pid, "SIGKILL");
}

/** Open handles on the index of the store's log, by inode. None is ever closed: that would drop SQLite's locks on it. */
const indexes = new Map<number, number>();

function whereWalStands(database: string): WalPosition | null {
  const path = `${database}-shm`;
  if (!existsSync(path)) return null;
  const { ino } = statSync(path);
  const index = indexes.get(ino) ?? openSync(path, "r");
  indexes.set(ino, index);
  const bytes = Buffer.alloc(INDEX_BYTES);
  return readSync(index, bytes, 0, INDEX_BYTES, 0) === INDEX_BYTES ? walPosition(bytes) : null;
}

let durableFile: number | null = null;

/** One write of a fixed length, which a kill cannot cut in two. A commit that wrote nothing has not been synced. */
function noteDurable({ database, durableFile: path }: Watch, begun: WalPosition | null): void {
  const position = whereWalStands(database);
  if (position === null || (position.salts === begun?.salts && position.frames === begun.frames)) return;
  durableFile ??= openSync(path, "w");
  writeSync(durableFile, writePosition(position), 0);
}

/** In the real module's place, so that whoever imports it later gets this one. */
const watched = new Module(sqlite);
watched.exports = new Proxy(RealDatabase, {
  construct: (target, [file, options]: [string, Database.Options?]) =>
    new target(file, { ...options, verbose: beforeStatement(file) }),
});
watched.loaded = true;
require.cache[sqlite] = watched;
