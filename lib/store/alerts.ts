/** Table `alerts`: for each event, whether it alerted and why. */
import type { Database } from "better-sqlite3";
import { z } from "zod";
import { AlertRecord } from "../domain/alert.ts";
import { AlertRow } from "./codecs.ts";

const COLUMNS = Object.keys(AlertRecord.shape).join(", ");

export class Alerts {
  readonly #save;
  readonly #get;
  readonly #markTold;
  readonly #wasTold;

  constructor(db: Database) {
    this.#save = db.prepare(`
      INSERT INTO alerts(alert_id, event_id, node_id, camera_id, revision, outcome, severity, conditions, created_at)
      VALUES(:alert_id, :event_id, :node_id, :camera_id, :revision, :outcome, :severity, :conditions, :created_at)
      ON CONFLICT(alert_id) DO UPDATE SET revision = excluded.revision, outcome = excluded.outcome,
        severity = excluded.severity, conditions = excluded.conditions
      WHERE excluded.revision > alerts.revision`);
    this.#get = db.prepare<[string], unknown>(`SELECT ${COLUMNS} FROM alerts WHERE alert_id = ?`);
    this.#markTold = db.prepare("UPDATE alerts SET told = 1 WHERE alert_id = ?");
    this.#wasTold = db.prepare<[string], 1>("SELECT 1 FROM alerts WHERE alert_id = ? AND told").pluck();
  }

  /** Stores the decision on an event's revision; an older revision never replaces a newer one's. */
  save(nodeId: string, alert: AlertRecord): boolean {
    return this.#save.run({ ...z.encode(AlertRow, alert), node_id: nodeId }).changes === 1;
  }

  /** The newest decision; undefined where there is none. */
  get(alertId: string): AlertRecord | undefined {
    const row = this.#get.get(alertId);
    return row === undefined ? undefined : AlertRow.parse(row);
  }

  /** Notes that people are notified of it. */
  markTold(alertId: string): void {
    this.#markTold.run(alertId);
  }

  /** Whether people were notified of it, whatever has been decided since. */
  wasTold(alertId: string): boolean {
    return this.#wasTold.get(alertId) !== undefined;
  }
}
