/** Table `roots`: the folders that are watched, and whether what is there now is what was there before. */
import type { Database } from "better-sqlite3";

export class Roots {
  readonly #names;
  readonly #watch;
  readonly #oldBefore;
  readonly #baselined;
  readonly #identity;
  readonly #recognise;
  readonly #replace;
  readonly #holdsFiles;

  constructor(db: Database) {
    this.#names = db.prepare<[], string>("SELECT root FROM roots").pluck();
    this.#watch = db.prepare("INSERT INTO roots(root, first_seen_ms) VALUES(?, ?) ON CONFLICT DO NOTHING");
    this.#oldBefore = db
      .prepare<[string], number>("SELECT first_seen_ms FROM roots WHERE root = ? AND baselined = 0")
      .pluck();
    this.#baselined = db.prepare("UPDATE roots SET baselined = 1 WHERE root = ?");
    this.#identity = db.prepare<[string], string | null>("SELECT identity FROM roots WHERE root = ?").pluck();
    this.#recognise = db.prepare("UPDATE roots SET identity = ? WHERE root = ?");
    this.#replace = db.prepare(
      "UPDATE roots SET identity = ?, baselined = 0, first_seen_ms = coalesce(?, first_seen_ms) WHERE root = ?",
    );
    this.#holdsFiles = db
      // The newest first: what retention has deleted are the oldest.
      .prepare<[string], number>(`
      SELECT 1 FROM uploads NOT INDEXED WHERE root = ? AND state <> 'gone' AND removed_at IS NULL
      ORDER BY rowid DESC LIMIT 1`)
      .pluck();
  }

  /** All that have ever been watched. */
  names(): string[] {
    return this.#names.all();
  }

  /** Enters a root that is watched from `now` on, unless it is known. */
  watch(root: string, now: number): void {
    this.#watch.run(root, now);
  }

  /**
   * When a root was watched for the first time, in milliseconds since 1970: what is older lay there before. Null once
   * all of that has been entered.
   */
  oldBefore(root: string): number | null {
    return this.#oldBefore.get(root) ?? null;
  }

  /** All that lay in a root when it was watched for the first time has been entered. */
  markBaselined(root: string): void {
    this.#baselined.run(root);
  }

  /** The folder that a root was when it was last seen whole; null where it never was. */
  identity(root: string): string | null {
    return this.#identity.get(root) ?? null;
  }

  /** A root's folder has another identity and is the same one: its drive was mounted again. */
  recognise(root: string, identity: string): void {
    this.#recognise.run(identity, root);
  }

  /**
   * Another folder is the root from now on; what lay there before the first watch is yet to be entered. `firstSeenMs` sets
   * when that was; null leaves it.
   */
  replace(root: string, identity: string, firstSeenMs: number | null): void {
    this.#replace.run(identity, firstSeenMs, root);
  }

  /** Whether files are known that a root should hold. */
  holdsFiles(root: string): boolean {
    return this.#holdsFiles.get(root) !== undefined;
  }
}
