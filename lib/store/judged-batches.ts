/** Table `judged_batches`: what each event was judged on, to trace its verdict and to judge it again. */
import type { Database } from "better-sqlite3";
import { Batch } from "../domain/batch.ts";
import { fromJournal, toJournal } from "./journal.ts";

export class JudgedBatches {
  readonly #keep;
  readonly #get;

  constructor(db: Database) {
    this.#keep = db.prepare("INSERT OR REPLACE INTO judged_batches(event_id, batch) VALUES(?, ?)");
    this.#get = db.prepare<[string], string>("SELECT batch FROM judged_batches WHERE event_id = ?").pluck();
  }

  /** Keeps what is plain of the batch that an event's newest revision was judged on. */
  keep(eventId: string, batch: Batch): void {
    this.#keep.run(eventId, toJournal({ payload: Batch.parse(batch) }).json);
  }

  /** Undefined for an event that this site has not judged itself. */
  get(eventId: string): Batch | undefined {
    const json = this.#get.get(eventId);
    return json === undefined ? undefined : Batch.parse(fromJournal(json).payload);
  }
}
