/** Table `stays`: the last stay of each kind of thing in each zone, for the next batch to go on from. */
import type { Database } from "better-sqlite3";

export interface ZoneKind {
  readonly node_id: string;
  readonly camera_id: string;
  readonly zone_id: string;
  /** `person`, or a label of no group. */
  readonly kind: string;
}

/** In milliseconds since 1970. */
export interface StayRow {
  readonly since: number;
  readonly until: number;
}

export class Stays {
  readonly #get;
  readonly #set;

  constructor(db: Database) {
    this.#get = db.prepare<[ZoneKind], StayRow>(`
      SELECT since_ms AS since, until_ms AS until FROM stays
      WHERE node_id = :node_id AND camera_id = :camera_id AND zone_id = :zone_id AND kind = :kind`);
    // A batch of the backlog must not take the place of one that came before it.
    this.#set = db.prepare<[ZoneKind & StayRow]>(`
      INSERT INTO stays VALUES(:node_id, :camera_id, :zone_id, :kind, :since, :until)
      ON CONFLICT DO UPDATE SET since_ms = excluded.since_ms, until_ms = excluded.until_ms
      WHERE excluded.until_ms > stays.until_ms`);
  }

  get(of: ZoneKind): StayRow | null {
    return this.#get.get(of) ?? null;
  }

  set(of: ZoneKind, stay: StayRow): void {
    this.#set.run({ ...of, ...stay });
  }
}
