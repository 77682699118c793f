/** What a store has judged, read beside the Node-RED that uses it. */
import type { Database } from "better-sqlite3";
import { Batch } from "../domain/batch.ts";
import { EventRecord } from "../domain/event.ts";
import { EventRow } from "./codecs.ts";
import { fromJournal } from "./journal.ts";
import type { PromptVersion } from "./prompts.ts";
import { readBeside } from "./read-beside.ts";

export interface WantedEvents {
  /** As many, the latest by their beginning. */
  readonly last: number;
  /** Null: of all cameras. */
  readonly cameraId: string | null;
}

/** An event as it stands, and what it was judged on. */
export interface JudgedEvent {
  readonly event: EventRecord;
  readonly batch: Batch;
}

export interface Judged {
  /** The earliest first. */
  readonly events: readonly JudgedEvent[];
  /** How many more of the wanted events there are: their batch was not kept, or nobody can read them. */
  readonly leftOut: number;
  /** The prompts that any node has had, the newest first. */
  readonly prompts: readonly PromptVersion[];
}

const COLUMNS = Object.keys(EventRecord.shape);

/**
 * Reads events of a data folder as they are at this moment.
 * @throws StoreError as `readBeside` does
 */
export function readJudged(dataDir: string, wanted: WantedEvents): Judged {
  return readBeside(dataDir, (db) => read(db, wanted));
}

function read(db: Database, { last, cameraId }: WantedEvents): Judged {
  const rows = db
    .prepare<[{ last: number; cameraId: string | null }], Record<string, unknown> & { batch: string | null }>(`
      SELECT ${COLUMNS.map((column) => `e.${column}`).join(", ")}, j.batch
      FROM events e LEFT JOIN judged_batches j USING(event_id)
      WHERE :cameraId IS NULL OR e.camera_id = :cameraId ORDER BY e.started_at DESC, e.event_id DESC LIMIT :last`)
    .all({ last, cameraId });
  const events = rows.flatMap(readEvent).toReversed();
  const prompts = db
    .prepare<[], PromptVersion>(
      "SELECT version, household, house_rules, text, created_at FROM prompts ORDER BY created_at DESC, version",
    )
    .all();
  return { events, leftOut: rows.length - events.length, prompts };
}

function readEvent({ batch, ...row }: Record<string, unknown> & { batch: string | null }): JudgedEvent[] {
  try {
    return batch === null ? [] : [{ event: EventRow.parse(row), batch: Batch.parse(fromJournal(batch).payload) }];
  } catch {
    return [];
  }
}
