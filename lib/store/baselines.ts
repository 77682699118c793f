/**
 * Tables `baseline` and `baseline_now`: how often each kind of thing appears in each slot of the week, and how many hours
 * the camera was up in it, as the kind "". The running hour is kept apart until it is over, so that what is usual does not
 * depend on what happens now.
 */
import type { Database } from "better-sqlite3";

/** One hour at a camera, as a node counts it. */
export interface CameraHour {
  readonly node_id: string;
  readonly camera_id: string;
  /** Of the week, 0 to 47. */
  readonly slot: number;
  /** When it began, in milliseconds since 1970. */
  readonly hour_ms: number;
}

export interface SlotTotals {
  /** Appearances, and hours that the camera was up; both decayed. */
  readonly count: number;
  readonly hours: number;
}

interface RunningRow {
  readonly slot: number;
  readonly hour_ms: number;
  readonly amount: number;
}

/** In which an amount loses half its weight: a household's habits change with the seasons. */
const HALF_LIFE_MS = 30 * 24 * 3_600_000;

/** The kind under which the hours are kept that a camera was up. */
const UP = "";

export class Baselines {
  readonly #running;
  readonly #setRunning;
  readonly #fold;
  readonly #total;

  constructor(db: Database) {
    this.#running = db.prepare<[string, string, string], RunningRow>(
      "SELECT slot, hour_ms, amount FROM baseline_now WHERE node_id = ? AND camera_id = ? AND kind = ?",
    );
    this.#setRunning = db.prepare<[CameraHour & { kind: string; amount: number }]>(`
      INSERT INTO baseline_now VALUES(:node_id, :camera_id, :kind, :slot, :hour_ms, :amount)
      ON CONFLICT DO UPDATE SET slot = excluded.slot, hour_ms = excluded.hour_ms, amount = excluded.amount`);
    const decayed = `pow(0.5, (:at - at_ms) / ${HALF_LIFE_MS}.0)`;
    this.#fold = db.prepare<
      [{ node_id: string; camera_id: string; kind: string; slot: number; at: number; amount: number }]
    >(`
      INSERT INTO baseline VALUES(:node_id, :camera_id, :kind, :slot, :amount, :at)
      ON CONFLICT DO UPDATE SET amount = baseline.amount * ${decayed} + excluded.amount, at_ms = excluded.at_ms`);
    this.#total = db
      .prepare<[{ node_id: string; camera_id: string; kind: string; slot: number; at: number }], number>(`
      SELECT amount * ${decayed} FROM baseline
      WHERE node_id = :node_id AND camera_id = :camera_id AND kind = :kind AND slot = :slot`)
      .pluck();
  }

  /** Counts an appearance of each kind; one that belongs to an earlier hour than was counted last changes nothing. */
  appeared(hour: CameraHour, kinds: readonly string[]): void {
    for (const kind of kinds) this.#add(hour, kind, 1);
  }

  /** The camera was up for so many hours more, up to now. */
  wasUp(hour: CameraHour, hours: number): void {
    this.#add(hour, UP, hours);
  }

  /** What is known of a kind in the slot of an hour, the hour itself left out. */
  history({ node_id, camera_id, slot, hour_ms }: CameraHour, kind: string): SlotTotals {
    const total = (of: string) => this.#past({ node_id, camera_id, slot, hour_ms }, of);
    return { count: total(kind), hours: total(UP) };
  }

  /** How often a kind has appeared in an hour. */
  countIn({ node_id, camera_id, hour_ms }: CameraHour, kind: string): number {
    const running = this.#running.get(node_id, camera_id, kind);
    return running?.hour_ms === hour_ms ? running.amount : 0;
  }

  #add(hour: CameraHour, kind: string, amount: number): void {
    const running = this.#running.get(hour.node_id, hour.camera_id, kind);
    if (running && running.hour_ms > hour.hour_ms) return;
    const isSame = running?.hour_ms === hour.hour_ms;
    if (running && !isSame) {
      const { node_id, camera_id } = hour;
      this.#fold.run({ node_id, camera_id, kind, slot: running.slot, at: running.hour_ms, amount: running.amount });
    }
    this.#setRunning.run({ ...hour, kind, amount: amount + (isSame ? running.amount : 0) });
  }

  /** With an hour that is over but was not yet put to the others. */
  #past({ node_id, camera_id, slot, hour_ms }: CameraHour, kind: string): number {
    const total = this.#total.get({ node_id, camera_id, kind, slot, at: hour_ms }) ?? 0;
    const running = this.#running.get(node_id, camera_id, kind);
    return total + (running && running.slot === slot && running.hour_ms < hour_ms ? running.amount : 0);
  }
}
