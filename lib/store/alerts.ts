/** Table `alerts`: what people are told of. All events of an incident have one alert. */
import type { Database } from "better-sqlite3";
import { z } from "zod";
import { AlertState, type Channel } from "../domain/alert.ts";
import { RiskLevel } from "../domain/risk.ts";
import { IsoTime } from "../domain/time.ts";
import { ChannelsJson } from "./codecs.ts";

const StoredAlert = z.object({
  alert_id: z.string(),
  incident_id: z.string().nullable(),
  /** The gravest that people were told. */
  severity: RiskLevel.nullable(),
  dedup_key: z.string(),
  state: AlertState,
  /** How often it was brought up to date. */
  update_count: z.int(),
  created_at: IsoTime,
  /** When people were last told of it with a sound. */
  sent_at: IsoTime,
});
export type StoredAlert = z.infer<typeof StoredAlert>;

const COLUMNS = Object.keys(StoredAlert.shape);
const Sent = StoredAlert.pick({ sent_at: true, severity: true });

export class Alerts {
  readonly #save;
  readonly #get;
  readonly #ofIncident;
  readonly #lastSent;
  readonly #sentSince;
  readonly #setState;
  readonly #markDelivered;
  readonly #markTold;
  readonly #told;

  constructor(db: Database) {
    this.#save = db.prepare(`
      INSERT INTO alerts(node_id, ${COLUMNS.join(", ")})
      VALUES(:node_id, ${COLUMNS.map((column) => `:${column}`).join(", ")})
      ON CONFLICT(alert_id) DO UPDATE SET severity = excluded.severity, dedup_key = excluded.dedup_key,
        state = excluded.state, update_count = excluded.update_count, sent_at = excluded.sent_at`);
    this.#get = db.prepare<[string], unknown>(`SELECT ${COLUMNS.join(", ")} FROM alerts WHERE alert_id = ?`);
    this.#ofIncident = db.prepare<[string, string, string], unknown>(`
      SELECT ${COLUMNS.join(", ")} FROM alerts a WHERE incident_id = ? AND node_id = ? AND created_at >= ?
        AND EXISTS(SELECT 1 FROM decisions d WHERE d.alert_id = a.alert_id AND d.stands = 1)
      ORDER BY created_at DESC LIMIT 1`);
    this.#lastSent = db.prepare<[string, string, string], unknown>(`
      SELECT sent_at, severity FROM alerts WHERE node_id = ? AND dedup_key = ? AND alert_id <> ?
      ORDER BY sent_at DESC LIMIT 1`);
    this.#sentSince = db
      .prepare<[string, string], number>("SELECT count(*) FROM alerts WHERE node_id = ? AND sent_at > ?")
      .pluck();
    this.#setState = db.prepare("UPDATE alerts SET state = ? WHERE alert_id = ?");
    this.#markDelivered = db.prepare("UPDATE alerts SET state = 'delivered' WHERE alert_id = ? AND state = 'pending'");
    this.#markTold = db.prepare("UPDATE alerts SET told = ? WHERE alert_id = ?");
    this.#told = db.prepare<[string], string>("SELECT told FROM alerts WHERE alert_id = ?").pluck();
  }

  /** Enters an alert, or what has become of it. */
  save(nodeId: string, alert: StoredAlert): void {
    this.#save.run({ ...alert, node_id: nodeId });
  }

  get(alertId: string): StoredAlert | undefined {
    return alertOf(this.#get.get(alertId));
  }

  /** A node's latest alert of an incident that was raised since then (ISO) and still stands; undefined where there is none. */
  ofIncident(incidentId: string, nodeId: string, since: string): StoredAlert | undefined {
    return alertOf(this.#ofIncident.get(incidentId, nodeId, since));
  }

  /** When a node last told people of something with this key, but for one alert, and how grave that was. */
  lastSent(nodeId: string, key: string, exceptAlertId: string): z.infer<typeof Sent> | null {
    return Sent.nullish().parse(this.#lastSent.get(nodeId, key, exceptAlertId)) ?? null;
  }

  /** How many alerts of a node were told of with a sound since a time (ISO). */
  sentSince(nodeId: string, time: string): number {
    return this.#sentSince.get(nodeId, time) ?? 0;
  }

  /** Keeps what people say of it; the answer is whether there is such an alert. */
  setState(alertId: string, state: AlertState): boolean {
    return this.#setState.run(state, alertId).changes === 1;
  }

  /** Notes that a channel has taken it; what people have said of it stays. */
  markDelivered(alertId: string): void {
    this.#markDelivered.run(alertId);
  }

  /** Notes that people are told of it by these channels, too. */
  markTold(alertId: string, channels: readonly Channel[]): void {
    const all = [...this.toldBy(alertId), ...channels].map((channel) => JSON.stringify(channel));
    this.#markTold.run(`[${[...new Set(all)].join()}]`, alertId);
  }

  /** The channels by which people were told of it, whatever has been decided since. */
  toldBy(alertId: string): Channel[] {
    const told = this.#told.get(alertId);
    return told === undefined ? [] : z.decode(ChannelsJson, told);
  }
}

function alertOf(row: unknown): StoredAlert | undefined {
  return row === undefined ? undefined : StoredAlert.parse(row);
}
