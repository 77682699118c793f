/** What retention is told, what it looks at before it decides what may go, and what it says it did. */
import { z } from "zod";
import type { RiskLevel } from "./risk.ts";

/** What of a camera has an age limit. Pictures: thumbnails, kept stills and the large pictures of events. */
export const CameraKind = z.enum(["events", "detections", "pictures", "originals"]);
export type CameraKind = z.infer<typeof CameraKind>;
/** `gpu`: readings of graphics cards, which belong to no camera. */
export type RetentionKind = CameraKind | "gpu";

/** Files that retention deletes by name of their record: an original by its upload, a thumbnail by its inspection. */
export type DoomedKind = "original" | "inbox" | "still" | "thumbnail" | "picture";

/** A file that is about to be deleted, or has been, and whose row is yet to say so. `id`: of the record that it belongs to. */
export interface DoomedFile {
  readonly kind: DoomedKind;
  readonly id: string;
}

/** Times are when we got it, never a camera's. `open`: something of it waits, for a node or for a person. */
export interface EventFacts {
  readonly event_id: string;
  readonly created_at: string;
  readonly risk_level: RiskLevel | null;
  readonly reviewed: boolean;
  readonly starred: boolean;
  readonly open: boolean;
  readonly picture_path: string | null;
}

export interface InspectionFacts {
  readonly inspection_id: string;
  readonly camera_id: string;
  readonly inspected_at: string;
  readonly still_path: string | null;
  readonly thumbnail_path: string | null;
  readonly open: boolean;
}

/** An inspection in a batch. `others`: events of further batches that have it; `open_elsewhere`: one of those is open. */
export interface MemberFacts extends InspectionFacts {
  readonly shared: boolean;
  readonly others: readonly EventFacts[];
  readonly open_elsewhere: boolean;
}

/** A batch that has been closed, with all that hangs on it. */
export interface BatchFacts {
  readonly batch_id: string;
  readonly camera_id: string;
  readonly opened_ms: number;
  readonly open: boolean;
  readonly events: readonly EventFacts[];
  readonly members: readonly MemberFacts[];
}

/** `accounted`: it is known what became of it. `events`: all that were made of it. */
export interface UploadFacts {
  readonly upload_id: string;
  readonly camera_id: string | null;
  readonly state: string;
  readonly received_at: string;
  readonly removed_at: string | null;
  /** Null: it came as bytes, or from elsewhere. */
  readonly root: string | null;
  readonly open: boolean;
  readonly accounted: boolean;
  readonly inspected: boolean;
  readonly events: readonly EventFacts[];
}

const Count = z.int().min(0);

/** What a run has deleted or, where it was dry, would have. */
export const RetentionResult = z.object({
  started_at: z.string(),
  ended_at: z.string(),
  dry_run: z.boolean(),
  /** Why it ended before it was through; null where it did not. */
  error: z.string().nullable(),
  events: Count,
  batches: Count,
  inspections: Count,
  detections: Count,
  /** Rows of the ledger. */
  uploads: Count,
  gpu_readings: Count,
  /** Persons and vehicles that nobody has named or judged, with their looks. */
  strangers: Count,
  /** Files of cameras. */
  originals: Count,
  /** Files of the data folder. */
  pictures: Count,
  /** Files of the data folder that no row knew, of those. */
  orphans: Count,
  /** Rows that named a file which was not there any more, and name none now. */
  missing: Count,
  /** Files that could not be deleted. */
  failed: Count,
  freed_bytes: Count,
  /** Whether there is less room than was asked for all the same. */
  short_of_space: z.boolean(),
  /** Camera folders that are away, and whose files were left alone. */
  away: z.array(z.string()),
});
export type RetentionResult = z.infer<typeof RetentionResult>;
