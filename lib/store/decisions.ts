/** Table `decisions`: for each event, whether it alerted and why. */
import type { Database } from "better-sqlite3";
import { z } from "zod";
import { AlertRecord } from "../domain/alert.ts";
import { DecisionRow } from "./codecs.ts";

const COLUMNS = Object.keys(AlertRecord.shape);
/** What a later decision does not touch. */
const FIXED: ReadonlySet<string> = new Set(["event_id", "camera_id", "created_at"]);

export interface DecisionMarks {
  /** Whether its node publishes. */
  readonly published: boolean;
  /** Whether people are told of it with a sound. */
  readonly sent: boolean;
  /** Whether the event is worth an alert, or still is, whatever silences it. */
  readonly wanted: boolean;
}

export class Decisions {
  readonly #save;
  readonly #get;
  readonly #latest;
  readonly #latestOfCamera;
  readonly #cameras;
  readonly #alertsOf;
  readonly #lastAlert;

  constructor(db: Database) {
    const updates = COLUMNS.filter((column) => !FIXED.has(column)).map((column) => `${column} = excluded.${column}`);
    this.#save = db.prepare(`
      INSERT INTO decisions(node_id, stands, sent_at, published, ${COLUMNS.join(", ")})
      VALUES(:node_id, :alerts, :sent_at, :published, ${COLUMNS.map((column) => `:${column}`).join(", ")})
      ON CONFLICT(event_id, node_id) DO UPDATE SET sent_at = coalesce(excluded.sent_at, decisions.sent_at),
        stands = max(excluded.stands, decisions.stands AND :wanted), published = excluded.published, ${updates.join(", ")}
      WHERE excluded.revision > decisions.revision`);
    const columns = COLUMNS.join(", ");
    this.#get = db.prepare<[string, string], unknown>(
      `SELECT ${columns} FROM decisions WHERE event_id = ? AND node_id = ?`,
    );
    this.#latest = db.prepare<[string, number], unknown>(
      `SELECT ${columns} FROM decisions WHERE node_id = ? ORDER BY decided_at DESC, event_id LIMIT ?`,
    );
    this.#latestOfCamera = db.prepare<[string], unknown>(
      `SELECT ${columns} FROM decisions WHERE camera_id = ? AND published = 1 ORDER BY decided_at DESC, event_id LIMIT 1`,
    );
    this.#cameras = db
      .prepare<[string], string>("SELECT DISTINCT camera_id FROM decisions WHERE alert_id = ? AND stands = 1")
      .pluck();
    this.#alertsOf = db
      .prepare<[string], string>("SELECT alert_id FROM decisions JOIN alerts USING(alert_id) WHERE event_id = ?")
      .pluck();
    this.#lastAlert = db
      .prepare<[string], string>(
        "SELECT alert_id FROM decisions JOIN alerts USING(alert_id) WHERE camera_id = ? ORDER BY decided_at DESC LIMIT 1",
      )
      .pluck();
  }

  /** Stores the decision on an event's revision; an older revision never replaces a newer one's. */
  save(nodeId: string, record: AlertRecord, { published, sent, wanted }: DecisionMarks): boolean {
    const row = z.encode(DecisionRow, AlertRecord.parse(record));
    const marks = {
      node_id: nodeId,
      alerts: record.outcome === "alert" ? 1 : 0,
      wanted: wanted ? 1 : 0,
      sent_at: sent ? record.decided_at : null,
      published: published ? 1 : 0,
    };
    return this.#save.run({ ...row, ...marks }).changes === 1;
  }

  /** A node's newest decision on an event; undefined where there is none. */
  get(eventId: string, nodeId: string): AlertRecord | undefined {
    return recordsOf([this.#get.get(eventId, nodeId)])[0];
  }

  /** A node's decisions, the latest first. */
  latest(nodeId: string, count: number): AlertRecord[] {
    return recordsOf(this.#latest.all(nodeId, count));
  }

  /** The latest on a camera's events, of the nodes that publish; undefined where there is none. */
  latestOfCamera(cameraId: string): AlertRecord | undefined {
    return recordsOf([this.#latestOfCamera.get(cameraId)])[0];
  }

  /** The cameras whose events are worth an alert, of those that it is about; none where it was taken back. */
  camerasOf(alertId: string): string[] {
    return this.#cameras.all(alertId);
  }

  /** The alerts that an event raised or brought up to date: one of each node. */
  alertsOf(eventId: string): string[] {
    return this.#alertsOf.all(eventId);
  }

  /** The alert that a camera's events last raised or brought up to date; null where there is none. */
  lastAlertOf(cameraId: string): string | null {
    return this.#lastAlert.get(cameraId) ?? null;
  }
}

function recordsOf(rows: readonly unknown[]): AlertRecord[] {
  return rows.flatMap((row) => (row === undefined ? [] : DecisionRow.parse(row)));
}
