/** Table `verdicts`: every judgement of every event, so that no later one loses the first. */
import type { Database } from "better-sqlite3";
import { z } from "zod";
import { VerdictRecord } from "../domain/verdict.ts";
import { VerdictRow } from "./codecs.ts";

const COLUMNS = Object.keys(VerdictRecord.shape);

export class Verdicts {
  readonly #add;
  readonly #ofBatch;

  constructor(db: Database) {
    this.#add = db.prepare<[Record<string, unknown>]>(
      `INSERT INTO verdicts(${COLUMNS.join(", ")}) VALUES(${COLUMNS.map((column) => `:${column}`).join(", ")})`,
    );
    this.#ofBatch = db.prepare<[string], unknown>(`
      SELECT ${COLUMNS.map((column) => `v.${column}`).join(", ")} FROM verdicts v JOIN events e USING(event_id)
      WHERE e.batch_id = ? ORDER BY v.created_at, v.rowid`);
  }

  /** Keeps a judgement. To be called where its event is stored, in the same transaction. */
  add(verdict: VerdictRecord): void {
    this.#add.run(z.encode(VerdictRow, verdict));
  }

  /** All judgements of a batch, whichever node made them, oldest first. */
  ofBatch(batchId: string): VerdictRecord[] {
    return this.#ofBatch.all(batchId).map((row) => VerdictRow.parse(row));
  }
}
