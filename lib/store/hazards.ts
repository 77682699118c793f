/** Table `hazards`: work that may take the process down, such as decoding a picture, and that has not come to an end. */
import type { Database } from "better-sqlite3";

export class Hazards {
  readonly #all;
  readonly #begin;
  readonly #end;
  readonly #purge;

  constructor(db: Database) {
    this.#all = db.prepare<[], { subject: string; starts: number }>("SELECT subject, starts FROM hazards");
    this.#begin = db.prepare(`
      INSERT INTO hazards(subject, starts, started_ms) VALUES(?, ?, ?)
      ON CONFLICT DO UPDATE SET starts = excluded.starts, started_ms = excluded.started_ms`);
    this.#end = db.prepare("DELETE FROM hazards WHERE subject = ?");
    this.#purge = db.prepare("DELETE FROM hazards WHERE started_ms < ?");
  }

  /** How often each subject was started without coming to an end. */
  unfinished(): Map<string, number> {
    return new Map(this.#all.all().map(({ subject, starts }) => [subject, starts]));
  }

  /** A subject is started for the `starts`-th time; without an `end`, that is what `unfinished` finds. */
  begin(subject: string, starts: number, now: number): void {
    this.#begin.run(subject, starts, now);
  }

  /** The process has survived it, whatever came of it. */
  end(subject: string): void {
    this.#end.run(subject);
  }

  /** Drops subjects that were last started before then: they never came back. */
  purge(before: number): void {
    this.#purge.run(before);
  }
}
