/** What a run has done so far, or would have. */
import type { RetentionResult } from "../../domain/retention.ts";

type Counts = Omit<RetentionResult, "started_at" | "ended_at" | "dry_run" | "error" | "short_of_space" | "away">;

export interface Tally extends Record<keyof Counts, number> {
  /** Those of `freed_bytes` that were in the data folder. */
  own_bytes: number;
  /** Folders that are away. */
  readonly away: Set<string>;
  /** What could not be deleted, for the log; the first says enough. */
  problem: string | null;
}

export function newTally(): Tally {
  return {
    events: 0,
    batches: 0,
    inspections: 0,
    detections: 0,
    uploads: 0,
    gpu_readings: 0,
    strangers: 0,
    originals: 0,
    pictures: 0,
    orphans: 0,
    missing: 0,
    failed: 0,
    freed_bytes: 0,
    own_bytes: 0,
    away: new Set(),
    problem: null,
  };
}
