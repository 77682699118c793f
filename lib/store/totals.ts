/** How much of the ledger is unfinished, over all nodes of a site. */
import type { Database } from "better-sqlite3";

export interface UnfinishedTotals {
  /** Uploads that wait in their folders. */
  readonly found: number;
  /** Queued jobs, running ones included. */
  readonly queued: number;
  readonly dead: number;
  /** Messages that nobody took in time, though the wiring leads to a Vigil node. */
  readonly unclaimed: number;
}

export class Totals {
  readonly #unfinished;

  constructor(db: Database) {
    this.#unfinished = db.prepare<[], UnfinishedTotals>(`
      SELECT (SELECT count(*) FROM uploads WHERE state = 'found') AS found,
        (SELECT count(*) FROM work WHERE state = 'queued') AS queued,
        (SELECT count(*) FROM work WHERE state = 'dead') AS dead,
        (SELECT count(*) FROM handovers WHERE state = 'unclaimed' AND minutes_up > 0 AND msg IS NOT NULL) AS unclaimed`);
  }

  unfinished(): UnfinishedTotals {
    return this.#unfinished.get() ?? { found: 0, queued: 0, dead: 0, unclaimed: 0 };
  }
}
