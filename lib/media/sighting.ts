/** Files as a scan or a file event sees them. */
import type { BigIntStats } from "node:fs";
import type { MediaType } from "../domain/upload.ts";

/** A file that was seen and may be written still. Path, size and mtime tell one version of it from the next. */
export interface FileSighting {
  /** Below the root, with `/` between its parts. */
  readonly relativePath: string;
  readonly mediaType: MediaType;
  /** Bytes. */
  readonly size: number;
  /** Fits into 64 bits. */
  readonly mtimeNs: bigint;
  /** Within what a `Date` can hold. */
  readonly mtimeMs: number;
  /** When the file came to be as it is, by the clock of the file system: unlike mtime nobody can set it. */
  readonly ctimeMs: number;
}

/** The last millisecond of a `Date`; anyone may give a file a later time. */
const LATEST_MS = 8.64e15;

/** What is known of a file from its name and its stats. */
export function sightingOf(relativePath: string, mediaType: MediaType, stats: BigIntStats): FileSighting {
  return {
    relativePath,
    mediaType,
    size: Number(stats.size),
    mtimeNs: BigInt.asIntN(64, stats.mtimeNs),
    mtimeMs: Math.max(-LATEST_MS, Math.min(Number(stats.mtimeMs), LATEST_MS)),
    ctimeMs: Number(stats.ctimeMs),
  };
}
