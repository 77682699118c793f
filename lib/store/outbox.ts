/** Table `outbox`: records that MQTT subscribers have not got yet, in the order they were stored. */
import type { Database } from "better-sqlite3";

export type OutboxKind = "alert" | "event";

export interface OutboxEntry {
  readonly seq: number;
  readonly kind: OutboxKind;
  readonly subject_id: string;
  readonly revision: number;
  /** The record as JSON, as it stood when it was stored. */
  readonly payload: string;
}

export class Outbox {
  readonly #add;
  readonly #next;
  readonly #attempt;
  readonly #remove;

  constructor(db: Database) {
    this.#add = db.prepare(
      "INSERT INTO outbox(kind, subject_id, revision, payload) VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    this.#next = db.prepare<[], OutboxEntry>(
      "SELECT seq, kind, subject_id, revision, payload FROM outbox ORDER BY seq LIMIT 1",
    );
    this.#attempt = db.prepare("UPDATE outbox SET attempts = attempts + 1 WHERE seq = ?");
    this.#remove = db.prepare("DELETE FROM outbox WHERE seq = ?");
  }

  add(kind: OutboxKind, subjectId: string, revision: number, payload: unknown): void {
    this.#add.run(kind, subjectId, revision, JSON.stringify(payload));
  }

  next(): OutboxEntry | undefined {
    return this.#next.get();
  }

  /** Counts an attempt; run it in a durable transaction, before the message leaves. */
  attempt(seq: number): void {
    this.#attempt.run(seq);
  }

  remove(seq: number): void {
    this.#remove.run(seq);
  }
}
