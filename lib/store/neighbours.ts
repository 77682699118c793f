/** What a site's other cameras saw at about the same time, and which batches are one incident (table `incidents`). */
import type { Database } from "better-sqlite3";

/** Of a batch of another camera: how often it has one label. */
export interface NeighbourRow {
  readonly batch_id: string;
  readonly camera_id: string;
  readonly started_at: string;
  readonly ended_at: string;
  readonly label: string;
  readonly count: number;
  /** The incident that the batch belongs to; null where nobody has said yet. */
  readonly incident_id: string | null;
}

/** However busy a site is, so much of each other camera is looked at: its latest batches. */
const MOST_BATCHES = 4;

export class Neighbours {
  readonly #seen;
  readonly #incident;
  readonly #join;

  constructor(db: Database) {
    this.#seen = db.prepare<[{ cameraId: string; from: string; to: string }], NeighbourRow>(`
      WITH RECURSIVE cameras(id) AS (
        SELECT min(camera_id) FROM batches
        UNION ALL
        SELECT (SELECT min(camera_id) FROM batches WHERE camera_id > cameras.id) FROM cameras WHERE cameras.id IS NOT NULL
      )
      SELECT b.batch_id, b.camera_id, b.started_at, b.ended_at, d.label, count(*) AS count, i.incident_id
      FROM cameras
      JOIN batches b ON b.rowid IN (
        SELECT rowid FROM batches WHERE camera_id = cameras.id AND ended_at >= :from AND started_at <= :to
          AND state <> 'merged' ORDER BY ended_at DESC LIMIT ${MOST_BATCHES})
      JOIN batch_inspections m ON m.batch_id = b.batch_id
      JOIN detections d USING(inspection_id)
      LEFT JOIN incidents i ON i.batch_id = b.batch_id
      WHERE cameras.id <> :cameraId
      GROUP BY b.batch_id, d.label ORDER BY b.started_at, b.batch_id, d.label`);
    this.#incident = db.prepare<[string], string>("SELECT incident_id FROM incidents WHERE batch_id = ?").pluck();
    this.#join = db.prepare("INSERT INTO incidents VALUES(?, ?) ON CONFLICT DO NOTHING");
  }

  /** What the latest batches of all cameras but one held between two times (ISO). */
  seen(cameraId: string, from: string, to: string): NeighbourRow[] {
    return this.#seen.all({ cameraId, from, to });
  }

  incidentOf(batchId: string): string | null {
    return this.#incident.get(batchId) ?? null;
  }

  /** Makes batches part of an incident; what is part of one stays with it. */
  join(incidentId: string, batchIds: readonly string[]): void {
    for (const batchId of batchIds) this.#join.run(batchId, incidentId);
  }
}
