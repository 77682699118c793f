/**
 * What a power cut leaves of a write-ahead log: where the log stands, how far it has surely reached the disk, and cutting
 * off the rest. Read from SQLite's own files (see https://www.sqlite.org/walformat.html).
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync, truncateSync } from "node:fs";
import type { Dice } from "./dice.ts";

/** A place in a log: so many frames of the log that these salts began. */
export interface WalPosition {
  readonly salts: string;
  readonly frames: number;
}

/** The index is in the machine's own byte order, which is little-endian wherever we run. */
const INDEX = { lastFrame: 16, salts: 32, copied: 96, copying: 128 };
export const INDEX_BYTES = 136;
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Of the log's header; big-endian. */
const PAGE_SIZE = 8;
const SALTS = 16;
const SALTS_BYTES = 8;

/** How far a log goes, by the first bytes of its index (`-shm`). */
export function walPosition(index: Buffer): WalPosition {
  return {
    salts: index.toString("hex", INDEX.salts, INDEX.salts + SALTS_BYTES),
    frames: index.readUInt32LE(INDEX.lastFrame),
  };
}

/** A position as one line, always of the same length. */
export function writePosition({ salts, frames }: WalPosition): string {
  return `${salts} ${String(frames).padStart(10)}`;
}

/** The log of a database, from one end of the process that has it to the next. */
export class KilledWal {
  readonly #database: string;
  readonly #durableFile: string;
  /** Where it ended the last time. */
  #end: WalPosition | null = null;
  /** How far it had reached the disk by then. */
  #safe: WalPosition | null = null;

  /** `durableFile`: the latest position that was synced, as `writePosition` writes it. */
  constructor(database: string, durableFile: string) {
    this.#database = database;
    this.#durableFile = durableFile;
  }

  /**
   * To be called when the process is dead. With a power cut, the log ends anywhere after what is on the disk, often within
   * a frame. The answer is the number of frames that are lost.
   */
  afterDeath(powerCut: boolean, dice: Dice): number {
    const index = head(`${this.#database}-shm`, INDEX_BYTES);
    const header = head(`${this.#database}-wal`, HEADER_BYTES);
    if (!index || !header) return 0;
    const { salts, frames } = walPosition(index);
    // A log that has just begun anew: what was before it is in the database.
    if (salts !== header.toString("hex", SALTS, SALTS + SALTS_BYTES)) return 0;
    const frameBytes = FRAME_HEADER_BYTES + header.readUInt32BE(PAGE_SIZE);
    // The index is older than the last cut where the process died before it had opened the database.
    const there = Math.min(frames, Math.floor((statSync(`${this.#database}-wal`).size - HEADER_BYTES) / frameBytes));
    const safe = this.#safeFrames(salts, index);
    const kept = powerCut && safe < there ? dice.whole(safe, there - 1) : there;
    if (kept < there) {
      const torn = dice.chance(0.5) ? dice.whole(1, frameBytes - 1) : 0;
      truncateSync(`${this.#database}-wal`, HEADER_BYTES + kept * frameBytes + torn);
    }
    this.#end = { salts, frames: kept };
    this.#safe = { salts, frames: Math.min(safe, kept) };
    return there - kept;
  }

  /** Frames that were synced by a commit, or by a checkpoint before it copied from them, in this process or an earlier one. */
  #safeFrames(salts: string, index: Buffer): number {
    const committed = readPosition(this.#durableFile);
    const copying = index.readUInt32LE(INDEX.copying);
    // Opening the database sets that to the whole log, which syncs nothing.
    const opened = this.#end?.salts === salts && copying <= this.#end.frames;
    return Math.max(
      committed?.salts === salts ? committed.frames : 0,
      this.#safe?.salts === salts ? this.#safe.frames : 0,
      opened ? index.readUInt32LE(INDEX.copied) : copying,
    );
  }
}

/** Null where there is no such file. */
function readPosition(path: string): WalPosition | null {
  if (!existsSync(path)) return null;
  const [salts = "", frames] = readFileSync(path, "utf8").split(/ +/);
  return { salts, frames: Number(frames) };
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
