/** Batches, with their events and inspections, as retention looks at them and deletes them. */
import type { Database } from "better-sqlite3";
import type { BatchFacts, EventFacts, InspectionFacts, MemberFacts } from "../domain/retention.ts";
import { isOpen } from "./open-subjects.ts";

/** SQLite has no booleans. */
type Row<T> = { readonly [K in keyof T]: T[K] extends boolean ? number : T[K] };

/** Where in its table a record is, and how old. */
export interface BatchHead {
  readonly row: number;
  readonly batch_id: string;
  readonly camera_id: string;
  readonly opened_ms: number;
}

/** An inspection, and where it is in its table. */
export interface InspectionHead extends InspectionFacts {
  readonly row: number;
  /** It is in a batch. */
  readonly member: boolean;
}

/** An event that has a large picture, and where it is in its table. */
export interface PictureHead {
  readonly row: number;
  readonly event_id: string;
  readonly picture_path: string;
}

/** So many records are read at a time: a few milliseconds' worth. */
const HEADS = 100;
/** Deleting a detection changes a page in each of three trees. */
const DETECTIONS = 20;

const EVENT_COLUMNS = `e.event_id, e.created_at, e.risk_level, e.reviewed, e.starred, e.picture_path,
  ${isOpen("e.event_id")}
    OR EXISTS(SELECT 1 FROM outbox o WHERE o.kind = 'event' AND o.subject_id = e.event_id)
    OR EXISTS(SELECT 1 FROM decisions d JOIN outbox o ON o.kind = 'alert' AND o.subject_id = d.alert_id
      WHERE d.event_id = e.event_id) AS open`;
const INSPECTION_COLUMNS = `i.inspection_id, u.camera_id, i.inspected_at, i.still_path, i.thumbnail_path,
  ${isOpen("i.inspection_id")} AS open`;

export class RetainedBatches {
  readonly #heads;
  readonly #batch;
  readonly #events;
  readonly #members;
  readonly #others;
  readonly #openElsewhere;
  readonly #inspections;
  readonly #pictures;
  readonly #countDetections;
  readonly #removeDetections;
  readonly #batchOf;
  readonly #markPurged;
  readonly #eventRows;
  readonly #membersOf;
  readonly #batchRows;
  readonly #isLoose;
  readonly #removeInspection;
  readonly #purge;
  readonly #eventsOfUpload;

  constructor(db: Database) {
    this.#heads = db.prepare<[number], BatchHead>(`
      SELECT rowid AS row, batch_id, camera_id, opened_ms FROM batches
      WHERE rowid > ? AND state IN ('closed', 'foreign', 'purged') ORDER BY rowid LIMIT ${HEADS}`);
    this.#batch = db.prepare<[string], Row<Omit<BatchFacts, "events" | "members">>>(`
      SELECT batch_id, camera_id, opened_ms, ${isOpen("b.batch_id")}
        OR EXISTS(SELECT 1 FROM batches f WHERE f.merged_into = b.batch_id AND ${isOpen("f.batch_id")}) AS open
      FROM batches b WHERE batch_id = ? AND state IN ('closed', 'foreign', 'purged')`);
    this.#events = db.prepare<[string], Row<EventFacts>>(`SELECT ${EVENT_COLUMNS} FROM events e WHERE e.batch_id = ?`);
    this.#members = db.prepare<[string], Row<Omit<MemberFacts, "others" | "open_elsewhere">>>(`
      SELECT DISTINCT ${INSPECTION_COLUMNS}, EXISTS(SELECT 1 FROM batch_inspections o
        WHERE o.inspection_id = i.inspection_id AND o.batch_id <> m.batch_id) AS shared
      FROM batch_inspections m JOIN inspections i USING(inspection_id) JOIN uploads u USING(upload_id)
      WHERE m.batch_id = ?`);
    const elsewhere = "m.inspection_id = ? AND m.batch_id <> ?";
    this.#others = db.prepare<[string, string], Row<EventFacts>>(
      `SELECT ${EVENT_COLUMNS} FROM batch_inspections m JOIN events e ON e.batch_id = m.batch_id WHERE ${elsewhere}`,
    );
    this.#openElsewhere = db.prepare<[string, string]>(`
      SELECT 1 FROM batch_inspections m JOIN batches b ON b.batch_id = m.batch_id
      WHERE ${elsewhere} AND (b.state = 'open' OR ${isOpen("b.batch_id")})`);
    this.#inspections = db.prepare<[number], Row<InspectionHead>>(`
      SELECT i.rowid AS row, ${INSPECTION_COLUMNS},
        EXISTS(SELECT 1 FROM batch_inspections m WHERE m.inspection_id = i.inspection_id) AS member
      FROM inspections i JOIN uploads u USING(upload_id) WHERE i.rowid > ? ORDER BY i.rowid LIMIT ${HEADS}`);
    this.#eventsOfUpload = db.prepare<[string], Row<EventFacts>>(`
      SELECT DISTINCT ${EVENT_COLUMNS} FROM inspections i JOIN batch_inspections m USING(inspection_id)
      JOIN events e ON e.batch_id = m.batch_id WHERE i.upload_id = ?`);
    this.#pictures = db.prepare<[number], PictureHead>(`
      SELECT rowid AS row, event_id, picture_path FROM events
      WHERE rowid > ? AND picture_path IS NOT NULL ORDER BY rowid LIMIT ${HEADS}`);
    this.#countDetections = db
      .prepare<[string], number>("SELECT count(*) FROM detections WHERE inspection_id = ?")
      .pluck();
    this.#removeDetections = db.prepare(`
      DELETE FROM detections WHERE rowid IN (
        SELECT rowid FROM detections WHERE inspection_id = ? LIMIT ${DETECTIONS})`);
    this.#batchOf = db.prepare<[string], string>("SELECT batch_id FROM events WHERE event_id = ?").pluck();
    this.#markPurged = db.prepare<[string]>(`
      UPDATE batches SET state = 'purged' WHERE batch_id = ? AND state = 'closed'
        AND NOT EXISTS(SELECT 1 FROM events e WHERE e.batch_id = batches.batch_id)`);
    // An alert goes with the last of its events.
    const alerts = `DELETE FROM alerts WHERE alert_id IN (SELECT alert_id FROM decisions WHERE event_id = :id)
      AND NOT EXISTS(SELECT 1 FROM decisions d WHERE d.alert_id = alerts.alert_id AND d.event_id <> :id)`;
    const tables = ["verdicts", "judged_batches", "decisions", "events"];
    this.#eventRows = [alerts, ...tables.map((table) => `DELETE FROM ${table} WHERE event_id = :id`)].map((sql) =>
      db.prepare<[{ id: string }]>(sql),
    );
    this.#membersOf = db
      .prepare<[string], string>("SELECT inspection_id FROM batch_inspections WHERE batch_id = ?")
      .pluck();
    this.#batchRows = [
      "DELETE FROM incidents WHERE batch_id = :id OR batch_id IN (SELECT batch_id FROM batches WHERE merged_into = :id)",
      "DELETE FROM batch_inspections WHERE batch_id = :id",
      "DELETE FROM batches WHERE merged_into = :id",
      "DELETE FROM batches WHERE batch_id = :id",
    ].map((sql) => db.prepare<[{ id: string }]>(sql));
    const isLoose = `inspection_id = ? AND NOT ${isOpen("inspection_id")}
      AND NOT EXISTS(SELECT 1 FROM batch_inspections m WHERE m.inspection_id = inspections.inspection_id)`;
    this.#isLoose = db.prepare<[string]>(`SELECT 1 FROM inspections WHERE ${isLoose}`);
    this.#removeInspection = db
      .prepare<[string], string>(`DELETE FROM inspections WHERE ${isLoose} RETURNING upload_id`)
      .pluck();
    this.#purge = db.prepare<[string]>(`
      UPDATE uploads SET state = 'purged' WHERE upload_id = ? AND state = 'handed' AND NOT ${isOpen("upload_id")}
        AND NOT EXISTS(SELECT 1 FROM inspections i WHERE i.upload_id = uploads.upload_id)`);
  }

  /** The next closed batches in the table, of those behind a row. */
  after(row: number): BatchHead[] {
    return this.#heads.all(row);
  }

  /** Undefined for a batch that is not there, still open, or merged into another, with which it goes. */
  facts(batchId: string): BatchFacts | undefined {
    const batch = this.#batch.get(batchId);
    if (!batch) return undefined;
    const members = this.#members.all(batchId).map((member): MemberFacts => {
      const shared = member.shared === 1;
      return {
        ...member,
        shared,
        open: member.open === 1,
        others: shared ? this.#others.all(member.inspection_id, batchId).map(readEvent) : [],
        open_elsewhere: shared && this.#openElsewhere.get(member.inspection_id, batchId) !== undefined,
      };
    });
    return { ...batch, open: batch.open === 1, events: this.#events.all(batchId).map(readEvent), members };
  }

  /** The next inspections in the table. */
  inspectionsAfter(row: number): InspectionHead[] {
    return this.#inspections
      .all(row)
      .map((found) => ({ ...found, open: found.open === 1, member: found.member === 1 }));
  }

  /** The next events in the table that have a large picture. */
  picturesAfter(row: number): PictureHead[] {
    return this.#pictures.all(row);
  }

  /** All events that were made of an upload. */
  eventsOf(uploadId: string): EventFacts[] {
    return this.#eventsOfUpload.all(uploadId).map(readEvent);
  }

  countDetections(inspectionId: string): number {
    return this.#countDetections.get(inspectionId) ?? 0;
  }

  /** Deletes some of an inspection's detections; the answer is how many, 0 once there are none. */
  removeDetections(inspectionId: string): number {
    return this.#removeDetections.run(inspectionId).changes;
  }

  /** Deletes an event, with verdicts, decisions and an alert of its own; what people said of it stays. A batch of which it was the last is purged. */
  removeEvent(eventId: string): void {
    const batchId = this.#batchOf.get(eventId);
    for (const rows of this.#eventRows) rows.run({ id: eventId });
    if (batchId !== undefined) this.#markPurged.run(batchId);
  }

  /** Deletes a batch that has no events, what was merged into it, and the inspections that no other batch has; their number. */
  removeBatch(batchId: string): number {
    const members = new Set(this.#membersOf.all(batchId));
    for (const rows of this.#batchRows) rows.run({ id: batchId });
    return [...members].filter((inspectionId) => this.removeInspection(inspectionId)).length;
  }

  /** Whether an inspection is in no batch, and nothing waits that is about it. */
  isLoose(inspectionId: string): boolean {
    return this.#isLoose.get(inspectionId) !== undefined;
  }

  /** Deletes an inspection that is loose. An upload of which nothing is left is purged. */
  removeInspection(inspectionId: string): boolean {
    const uploadId = this.#removeInspection.get(inspectionId);
    if (uploadId === undefined) return false;
    this.#purge.run(uploadId);
    return true;
  }
}

function readEvent(row: Row<EventFacts>): EventFacts {
  return { ...row, reviewed: row.reviewed === 1, starred: row.starred === 1, open: row.open === 1 };
}
