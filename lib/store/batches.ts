/** Tables `batches` and `batch_inspections`: which inspections are judged together. */
import { join } from "node:path";
import type { Database } from "better-sqlite3";
import { z } from "zod";
import type { Batch, CloseReason } from "../domain/batch.ts";
import { bestOf } from "../domain/best-picture.ts";
import { type Detected, Detection } from "../domain/detection.ts";
import type { SecurityEvent } from "../domain/event.ts";
import { deriveId } from "../domain/ids.ts";
import { mergeBatches } from "../domain/merge-batches.ts";
import type { Upload } from "../domain/upload.ts";
import type { Inspections } from "./inspections.ts";
import type { Uploads } from "./uploads.ts";

/** The backlog has batches of its own: old uploads and live ones do not close each other's. */
export type Lane = "live" | "backlog";

/** A batch that still takes inspections. */
export interface OpenBatch {
  readonly batch_id: string;
  readonly node_id: string;
  readonly camera_id: string;
  readonly lane: Lane;
  readonly started_at: string;
  readonly ended_at: string;
  readonly detection_count: number;
  /** Wall-clock milliseconds of the first inspection's arrival, and of when the batch closes by itself. */
  readonly opened_ms: number;
  readonly due_ms: number;
  /** The message of the latest inspection as the journal keeps it: whose properties the batch's message carries on. */
  readonly msg: string;
}

const OPEN_COLUMNS =
  "batch_id, node_id, camera_id, lane, started_at, ended_at, detection_count, opened_ms, due_ms, msg";

interface ClosedRow {
  batch_id: string;
  camera_id: string;
  started_at: string;
  ended_at: string;
  close_reason: CloseReason;
  fast_path: number;
}

/** Two batches by their ids: one is merged into the other. */
interface BatchPair {
  readonly into: string;
  readonly from: string;
}

interface MemberRow extends Upload {
  readonly root: string | null;
  readonly detections: string;
  readonly still_path: string | null;
  readonly thumbnail_path: string | null;
}

interface Member {
  readonly upload: Upload;
  readonly detections: readonly Detection[];
  readonly still_path: string | null;
  readonly thumbnail_path: string | null;
}

export class Batches {
  readonly #uploads: Uploads;
  readonly #inspections: Inspections;
  readonly #openOf;
  readonly #allOpen;
  readonly #put;
  readonly #member;
  readonly #isMember;
  readonly #close;
  readonly #insertForeign;
  readonly #known;
  readonly #closed;
  readonly #members;
  readonly #similarCount;
  readonly #takesMore;
  readonly #mergeable;
  readonly #grow;
  readonly #moveMembers;
  readonly #absorb;

  constructor(db: Database, uploads: Uploads, inspections: Inspections) {
    this.#uploads = uploads;
    this.#inspections = inspections;
    this.#openOf = db.prepare<[string, string, Lane], OpenBatch>(
      `SELECT ${OPEN_COLUMNS} FROM batches WHERE node_id = ? AND camera_id = ? AND lane = ? AND state = 'open'`,
    );
    this.#allOpen = db.prepare<[string], OpenBatch>(
      `SELECT ${OPEN_COLUMNS} FROM batches WHERE node_id = ? AND state = 'open'`,
    );
    this.#put = db.prepare<[OpenBatch]>(`
      INSERT INTO batches(${OPEN_COLUMNS}, state, fast_path)
      VALUES(:batch_id, :node_id, :camera_id, :lane, :started_at, :ended_at, :detection_count, :opened_ms, :due_ms, :msg, 'open', 0)
      ON CONFLICT(batch_id) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at,
        detection_count = excluded.detection_count, due_ms = excluded.due_ms, msg = excluded.msg`);
    this.#member = db.prepare("INSERT INTO batch_inspections VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING");
    this.#isMember = db.prepare("SELECT 1 FROM batch_inspections WHERE node_id = ? AND inspection_id = ?").pluck();
    this.#close = db.prepare<[CloseReason, number, string]>(`
      UPDATE batches SET state = 'closed', close_reason = ?, fast_path = ?, due_ms = NULL, msg = NULL
      WHERE batch_id = ? AND state = 'open'`);
    this.#insertForeign = db.prepare(`
      INSERT INTO batches(batch_id, node_id, camera_id, lane, state, started_at, ended_at, detection_count, fast_path, opened_ms)
      VALUES(:batch_id, :batch_id, :camera_id, 'live', 'foreign', :started_at, :ended_at, :detection_count, :fast_path, :opened_ms)
      ON CONFLICT DO NOTHING`);
    this.#known = db.prepare<[string], number>("SELECT 1 FROM batches WHERE batch_id = ?").pluck();
    this.#closed = db.prepare<[string], ClosedRow>(
      "SELECT batch_id, camera_id, started_at, ended_at, close_reason, fast_path FROM batches WHERE batch_id = ? AND state = 'closed'",
    );
    this.#members = db.prepare<[string], MemberRow>(`
      SELECT m.detections, i.still_path, i.thumbnail_path, u.upload_id, u.camera_id, u.root, u.path, u.media_type, u.size,
        u.captured_at, u.received_at, u.sha256
      FROM batch_inspections m JOIN inspections i USING(inspection_id) JOIN uploads u USING(upload_id)
      WHERE m.batch_id = ? ORDER BY u.captured_at, m.inspection_id`);
    this.#similarCount = db
      .prepare<[string], number>(`
      SELECT count(*) FROM uploads WHERE distance IS NOT NULL AND original_id IN (
        SELECT i.upload_id FROM batch_inspections m JOIN inspections i USING(inspection_id) WHERE m.batch_id = ?)`)
      .pluck();
    this.#takesMore = db
      .prepare<[string], number>("SELECT 1 FROM batches WHERE batch_id = ? AND state IN ('closed', 'foreign')")
      .pluck();
    this.#mergeable = db
      .prepare<[BatchPair], number>(`
      SELECT 1 FROM batches b JOIN batches t ON t.batch_id = :into AND t.camera_id = b.camera_id
      WHERE b.batch_id = :from AND b.batch_id <> :into AND b.state IN ('closed', 'foreign')
        AND NOT EXISTS(SELECT 1 FROM events e WHERE e.batch_id = b.batch_id)`)
      .pluck();
    this.#grow = db.prepare<[BatchPair]>(`
      UPDATE batches SET started_at = min(batches.started_at, b.started_at), ended_at = max(batches.ended_at, b.ended_at),
        detection_count = batches.detection_count + b.detection_count, fast_path = max(batches.fast_path, b.fast_path)
      FROM batches b WHERE batches.batch_id = :into AND b.batch_id = :from`);
    this.#moveMembers = db.prepare<[BatchPair]>("UPDATE batch_inspections SET batch_id = :into WHERE batch_id = :from");
    // With those that it had taken in itself.
    this.#absorb = db.prepare<[BatchPair]>(
      "UPDATE batches SET state = 'merged', merged_into = :into WHERE batch_id = :from OR merged_into = :from",
    );
  }

  openOf(nodeId: string, cameraId: string, lane: Lane): OpenBatch | undefined {
    return this.#openOf.get(nodeId, cameraId, lane);
  }

  allOpen(nodeId: string): OpenBatch[] {
    return this.#allOpen.all(nodeId);
  }

  /** Whether this node has put the inspection into one of its batches already. */
  isMember(nodeId: string, inspectionId: string): boolean {
    return this.#isMember.get(nodeId, inspectionId) !== undefined;
  }

  /** Stores an open batch, new or grown, and its newest member, with the detections that its message had. */
  join(batch: OpenBatch, { inspection_id, detections }: Pick<Detected, "inspection_id" | "detections">): void {
    this.#put.run(batch);
    this.#member.run(batch.node_id, inspection_id, batch.batch_id, JSON.stringify(detections));
  }

  /** Closes an open batch; the answer is the batch to hand on, or null where it was not open. */
  close(batchId: string, reason: CloseReason): Batch | null {
    const closed = this.#close.run(reason, reason === "fast_path" ? 1 : 0, batchId);
    const row = closed.changes === 1 ? this.#closed.get(batchId) : undefined;
    if (!row) return null;
    const members = this.#members.all(batchId).map(readMember);
    const best = bestOf(
      members.filter(({ still_path, thumbnail_path }) => still_path !== null || thumbnail_path !== null),
    );
    const uploads = new Map(members.map(({ upload }) => [upload.upload_id, upload]));
    const similar = this.#similarCount.get(batchId) ?? 0;
    return {
      ...row,
      fast_path: row.fast_path === 1,
      detections: members.flatMap(({ detections }) => detections),
      uploads: [...uploads.values()],
      still_path: best?.still_path ?? null,
      thumbnail_path: best?.thumbnail_path ?? null,
      ...(similar > 0 && { similar_count: similar }),
    };
  }

  /** Enters a batch that came in a message with all it holds, unless it is known. */
  adopt(batch: Batch, now: number): void {
    if (this.#known.get(batch.batch_id) !== undefined) return;
    this.#insertForeign.run({
      batch_id: batch.batch_id,
      camera_id: batch.camera_id,
      started_at: batch.started_at,
      ended_at: batch.ended_at,
      detection_count: batch.detections.length,
      fast_path: batch.fast_path ? 1 : 0,
      opened_ms: now,
    });
    for (const upload of batch.uploads) {
      const detections = batch.detections.filter((detection) => detection.upload_id === upload.upload_id);
      const [first] = detections;
      if (!first) continue;
      this.#uploads.adopt(upload);
      const detected = {
        inspection_id: deriveId("inspection", upload.upload_id, batch.batch_id, upload.sha256),
        upload,
        frame: { width: first.frame_width, height: first.frame_height },
        detections,
        still_path: batch.still_path,
        thumbnail_path: batch.thumbnail_path,
        detector: "elsewhere",
        inference_ms: null,
      };
      this.#inspections.adopt(detected, upload.received_at);
      this.#member.run(batch.batch_id, detected.inspection_id, batch.batch_id, JSON.stringify(detections));
    }
  }

  /**
   * Merges batches of one camera that wait to be judged, and enters those that came from elsewhere first. The answer is
   * the batch to judge instead; its `merged` has the ids of those that are in it now. What has been judged already by
   * any node, or is merged elsewhere, or is of another camera, stays as it is and is not among them.
   */
  merge(into: Batch, others: readonly Batch[], now: number): Batch {
    for (const batch of [into, ...others]) this.adopt(batch, now);
    if (this.#takesMore.get(into.batch_id) === undefined) return into;
    const taken = others.filter(({ batch_id }) => {
      const pair: BatchPair = { into: into.batch_id, from: batch_id };
      if (this.#mergeable.get(pair) === undefined) return false;
      this.#grow.run(pair);
      this.#moveMembers.run(pair);
      this.#absorb.run(pair);
      return true;
    });
    return taken.length > 0 ? mergeBatches(into, taken) : into;
  }

  /** Enters what an event from elsewhere says of its batch, unless it is known. */
  adoptOf(event: SecurityEvent, now: number): void {
    this.#insertForeign.run({
      batch_id: event.batch_id,
      camera_id: event.camera_id,
      started_at: event.started_at,
      ended_at: event.ended_at,
      detection_count: event.detection_count,
      fast_path: event.fast_path ? 1 : 0,
      opened_ms: now,
    });
  }
}

function readMember({ root, detections, still_path, thumbnail_path, ...upload }: MemberRow): Member {
  const path = root === null ? upload.path : join(root, upload.path);
  return {
    upload: { ...upload, path },
    detections: z.array(Detection).parse(JSON.parse(detections)),
    still_path,
    thumbnail_path,
  };
}
