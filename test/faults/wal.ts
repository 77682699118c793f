/**
 * What of a write-ahead log a power cut would leave: where it stands, how far it has surely reached the disk, and cutting
 * off the rest. Read from SQLite's own files (see https://www.sqlite.org/walformat.html).
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import type { Dice } from "./dice.ts";

/** A place in a log: so many frames of the log that these salts began. */
export interface WalPosition {
  readonly salts: string;
  readonly frames: number;
}

/** The index is in the machine's own byte order, which is little-endian wherever we run. */
const INDEX = { lastFrame: 16, salts: 32, checkpointed: 128 };
export const INDEX_BYTES = 136;
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Of the log's header; big-endian. */
const PAGE_SIZE = 8;
const SALTS = 16;
const SALTS_BYTES = 8;

/** A position as one line, always of the same length. */
export function writePosition({ salts, frames }: WalPosition): string {
  return `${salts} ${String(frames).padStart(10)}`;
}

/** The position that a file has; null where there is no such file. */
export function readPosition(path: string): WalPosition | null {
  if (!existsSync(path)) return null;
  const [salts = "", frames] = readFileSync(path, "utf8").split(/ +/);
  return { salts, frames: Number(frames) };
}

/** How far a log goes, by the first bytes of its index (`-shm`). */
export function walPosition(index: Buffer): WalPosition {
  return {
    salts: index.toString("hex", INDEX.salts, INDEX.salts + SALTS_BYTES),
    frames: index.readUInt32LE(INDEX.lastFrame),
  };
}

/**
 * Cuts a killed database's log as a power cut may: anywhere after what is on the disk, often within a frame.
 * `durable`: how far the log had been synced, as far as is known. The answer is the number of frames that are lost.
 */
export function cutWal(database: string, durable: WalPosition | null, dice: Dice): number {
  const index = head(`${database}-shm`, INDEX_BYTES);
  const log = head(`${database}-wal`, WAL_HEADER_BYTES);
  if (index === null || log === null) return 0;
  const end = walPosition(index);
  // A log that has just begun anew: what was before it is in the database.
  if (log.toString("hex", SALTS, SALTS + SALTS_BYTES) !== end.salts) return 0;
  // A checkpoint syncs the log before it copies from it.
  const synced = durable?.salts === end.salts ? durable.frames : 0;
  const safe = Math.max(synced, index.readUInt32LE(INDEX.checkpointed));
  if (safe >= end.frames) return 0;

  const kept = dice.whole(safe, end.frames - 1);
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(PAGE_SIZE);
  const torn = dice.chance(0.5) ? dice.whole(1, frameBytes - 1) : 0;
  const bytes = WAL_HEADER_BYTES + kept * frameBytes + torn;
  if (bytes >= statSync(`${database}-wal`).size) return 0;
  const file = openSync(`${database}-wal`, "r+");
  ftruncateSync(file, bytes);
  closeSync(file);
  return end.frames - kept;
}

/** A file's first bytes; null where it has fewer. */
function head(path: string, length: number): Buffer | null {
  if (!existsSync(path)) return null;
  const file = openSync(path, "r");
  const bytes = Buffer.alloc(length);
  const read = readSync(file, bytes, 0, length, 0);
  closeSync(file);
  return read === length ? bytes : null;
}
