/** How much of the ledger is unfinished, over all nodes of a site. */
import type { Database } from "better-sqlite3";
import type { RiskLevel } from "../domain/risk.ts";

export interface UnfinishedTotals {
  /** Uploads that wait in folders that are watched. */
  readonly found: number;
  /** Queued jobs, running ones included. */
  readonly queued: number;
  readonly dead: number;
  /** Messages that nobody took in time, though the wiring leads to a Vigil node. */
  readonly unclaimed: number;
}

/** What was measured last; null where nothing was. */
export interface LastMeasured {
  /** Milliseconds that a detector took. */
  readonly inference_ms: number | null;
  /** Milliseconds that a model took. */
  readonly latency_ms: number | null;
}

export class Totals {
  readonly #unfinished;
  readonly #queued;
  readonly #eventsSince;
  readonly #levels;
  readonly #measured;

  constructor(db: Database) {
    this.#unfinished = db.prepare<[string], UnfinishedTotals>(`
      SELECT (SELECT count(*) FROM uploads WHERE state = 'found' AND root IN (SELECT value FROM json_each(?))) AS found,
        (SELECT count(*) FROM work WHERE state = 'queued') AS queued,
        (SELECT count(*) FROM work WHERE state = 'dead') AS dead,
        (SELECT count(*) FROM handovers WHERE state = 'unclaimed' AND minutes_up > 0 AND msg IS NOT NULL) AS unclaimed`);
    this.#queued = db
      .prepare<[string], number>("SELECT count(*) FROM work WHERE state = 'queued' AND stage = ?")
      .pluck();
    // A node on trial judges the same batches again.
    this.#eventsSince = db
      .prepare<[string, string], number>(
        "SELECT count(DISTINCT batch_id) FROM events WHERE camera_id = ? AND started_at >= ?",
      )
      .pluck();
    // SQLite takes the other columns from the row that has the minimum: of each batch its first event.
    this.#levels = db.prepare<[string], { risk_level: RiskLevel; count: number }>(`
      SELECT risk_level, count(*) AS count FROM (
        SELECT risk_level, final, min(rowid) FROM events
        WHERE camera_id IN (SELECT camera_id FROM cameras) AND started_at >= ? GROUP BY batch_id)
      WHERE final = 1 AND risk_level IS NOT NULL GROUP BY risk_level`);
    this.#measured = db.prepare<[], LastMeasured>(`
      SELECT (SELECT inference_ms FROM inspections WHERE inference_ms IS NOT NULL ORDER BY rowid DESC LIMIT 1) AS inference_ms,
        (SELECT latency_ms FROM events WHERE latency_ms IS NOT NULL ORDER BY rowid DESC LIMIT 1) AS latency_ms`);
  }

  /** What waits in a folder that no node watches any more, and would wait for ever, does not count. */
  unfinished(roots: readonly string[]): UnfinishedTotals {
    return this.#unfinished.get(JSON.stringify(roots)) ?? { found: 0, queued: 0, dead: 0, unclaimed: 0 };
  }

  /** Queued jobs of the nodes of one type. */
  queued(stage: string): number {
    return this.#queued.get(stage) ?? 0;
  }

  /** Events of a camera that began then or later, each batch counted once. */
  eventsSince(cameraId: string, startedAt: string): number {
    return this.#eventsSince.get(cameraId, startedAt) ?? 0;
  }

  /** Verdicts on what the cameras saw from then on, by risk level, each batch counted once. */
  levelsSince(startedAt: string): Record<RiskLevel, number> {
    const counts = { low: 0, medium: 0, high: 0, critical: 0 };
    for (const { risk_level, count } of this.#levels.all(startedAt)) counts[risk_level] = count;
    return counts;
  }

  lastMeasured(): LastMeasured {
    return this.#measured.get() ?? { inference_ms: null, latency_ms: null };
  }
}
