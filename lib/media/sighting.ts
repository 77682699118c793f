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
  readonly mtimeNs: bigint;
  readonly mtimeMs: number;
  /** When the file came to be as it is, by the clock of the file system: unlike mtime nobody can set it. */
  readonly ctimeMs: number;
}

/** What is known of a file from its name and its stats. */
export function sightingOf(relativePath: string, mediaType: MediaType, stats: BigIntStats): FileSighting {
  return {
    relativePath,
    mediaType,
    size: Number(stats.size),
    mtimeNs: stats.mtimeNs,
    mtimeMs: Number(stats.mtimeMs),
    ctimeMs: Number(stats.ctimeMs),
  };
}
