/** A site's SQLite database: opened once, one repository per table, every change in a transaction. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type Clock, systemClock } from "../resilience/clock.ts";
import { StoreError } from "../resilience/errors.ts";
import { dropBallast } from "./ballast.ts";
import { Checkpoints } from "./checkpoints.ts";
import { clampTimes } from "./clamp-times.ts";
import { guarded } from "./guarded.ts";
import { migrate } from "./migrations.ts";
import { connect, DATABASE_FILE, enterFolder, isCorrupt, keepJournalShort, openError } from "./open.ts";
import { Repositories } from "./repositories.ts";
import { markCorrupt, replaceCorrupt, type SetAside } from "./set-aside.ts";

export { DATABASE_FILE };

/** The tables, as work sees them inside a transaction. */
export type Tables = Repositories & {
  /** Calls back once the transaction has been committed, and never if it is rolled back. */
  afterCommit(callback: () => void): void;
};

export interface StoreOptions {
  readonly clock?: Clock;
  /** Hears of what a callback threw after a commit, which nothing takes back; without it the process does. */
  onError?(error: unknown): void;
}

/** Where a store is, and how it came to be open. */
interface Place extends Required<StoreOptions> {
  /** Null in memory. */
  readonly dataDir: string | null;
  readonly setAside: SetAside | null;
  unlock(): void;
}

export class Store extends Repositories {
  /** Random, and new at every opening: what makes hand-over ids unique. */
  readonly session: string;
  /** The corrupt database that this opening has replaced, if it has. */
  readonly setAside: SetAside | null;
  readonly #begin;
  readonly #commit;
  readonly #rollback;
  readonly #db: Database.Database;
  readonly #place: Place;
  /** Null in memory. */
  readonly #checkpoints: Checkpoints | null;
  /** Set once the database has turned out corrupt. */
  #corruption: StoreError | null = null;
  /** What the transaction that runs wants to be called back for. */
  #afterCommit: (() => void)[] = [];
  readonly #tables: Tables;

  private constructor(db: Database.Database, place: Place) {
    const session = randomBytes(8).toString("hex");
    // The repositories are made before there is a `this` to ask.
    let explain = (thrown: unknown) => thrown;
    super(db, session, (repository) => guarded(repository, (thrown) => explain(thrown)));
    explain = (thrown) => this.#explain(thrown);
    this.session = session;
    this.#db = db;
    this.#place = place;
    this.#checkpoints = place.dataDir === null ? null : new Checkpoints(join(place.dataDir, DATABASE_FILE));
    this.setAside = place.setAside;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#rollback = db.prepare("ROLLBACK");
    this.#tables = { ...this, afterCommit: (callback) => void this.#afterCommit.push(callback) };
  }

  /**
   * Opens the store of a data folder, which it creates where it is missing; `null` opens one in memory. A corrupt
   * database is set aside (`setAside`), and a new one begun from the nightly backup; also where only that is left.
   *
   * Throws a StoreError. Retryable, because it can pass: `STORE_LOCKED`, `STORE_READ_ONLY`, `DISK_FULL`, or
   * `STORE_UNUSABLE` with the system's own reason. Not retryable: `STORE_NEWER`, `STORE_NETWORK`, `STORE_NO_SQLITE`.
   */
  static open(dataDir: string | null, options: StoreOptions = {}): Store {
    const { clock = systemClock, onError = throwLater } = options;
    if (dataDir === null) {
      const db = connect(":memory:");
      migrate(db);
      return new Store(db, { dataDir, clock, onError, setAside: null, unlock: () => {} });
    }
    let unlock = () => {};
    try {
      unlock = enterFolder(dataDir);
      return Store.#openFile(dataDir, { clock, onError }, unlock);
    } catch (thrown) {
      unlock();
      const error = openError(dataDir, thrown);
      if (error.code === "DISK_FULL") dropBallast(dataDir);
      throw error;
    }
  }

  static #openFile(dataDir: string, options: Required<StoreOptions>, unlock: () => void): Store {
    const { clock } = options;
    const setAside = replaceCorrupt(dataDir, clock.now());
    let db: Database.Database | undefined;
    try {
      db = connect(join(dataDir, DATABASE_FILE));
      migrate(db);
      return new Store(db, { ...options, dataDir, setAside, unlock });
    } catch (thrown) {
      db?.close();
      if (setAside !== null || !isCorrupt(thrown)) throw thrown;
      markCorrupt(dataDir, clock.now());
      return Store.#openFile(dataDir, options, unlock);
    }
  }

  /**
   * Runs `change` in one transaction: all of it is stored, or, where it throws, nothing. Where SQLite itself fails
   * (disk full, I/O) that is a retryable StoreError `STORE_FAILED`, and `STORE_CORRUPT`, not retryable, where the
   * database is corrupt: then nothing more is written, and the next opening sets it aside. What is stored stays so
   * where a callback throws, of which only `onError` hears.
   */
  transaction<T>(change: (tables: Tables) => T): T {
    if (this.#corruption) throw this.#corruption;
    if (this.#db.inTransaction) throw new StoreError("STORE_NESTED", "A transaction cannot begin inside another one");
    const callbacks: (() => void)[] = [];
    this.#afterCommit = callbacks;
    const result = this.#run(change);
    for (const callback of callbacks) {
      try {
        callback();
      } catch (error) {
        this.#place.onError(error);
      }
    }
    return result;
  }

  #run<T>(change: (tables: Tables) => T): T {
    try {
      this.#begin.run();
      return this.#finish(change);
    } catch (thrown) {
      throw this.#explain(thrown);
    }
  }

  #finish<T>(change: (tables: Tables) => T): T {
    try {
      const result = change(this.#tables);
      this.#commit.run();
      this.#checkpoints?.committed();
      return result;
    } catch (thrown) {
      // Some of what fails in SQLite has rolled it back already.
      if (this.#db.inTransaction) this.#rollback.run();
      throw thrown;
    }
  }

  /**
   * The same, and the commit has reached the disk when this returns, with all commits before it. Wanted before an
   * effect that cannot be taken back, such as publishing an event; about a millisecond.
   */
  durableTransaction<T>(change: (tables: Tables) => T): T {
    this.#db.pragma("synchronous = FULL");
    try {
      return this.transaction(change);
    } finally {
      this.#db.pragma("synchronous = NORMAL");
    }
  }

  /** Why nothing is stored any more until the site is opened again; null while the database is sound. */
  get corruption(): StoreError | null {
    return this.#corruption;
  }

  /** Brings times that were stored under a clock that was ahead back to what they may be at most as of `now`. */
  clampTimes(now: number): void {
    this.transaction(({ handovers }) => {
      clampTimes(this.#db, now);
      handovers.clampAnswers(now);
    });
  }

  /** Makes room on a full disk, for what cannot be written: of the store's own or of files beside it. */
  makeRoom(): void {
    if (this.#place.dataDir !== null) dropBallast(this.#place.dataDir);
  }

  /** Resolves when the journal is short: to be awaited now and then by who writes much at a time. */
  async catchUp(): Promise<void> {
    await this.#checkpoints?.look();
  }

  /** Bytes of the database that nothing is stored in. */
  get unusedBytes(): number {
    return this.#number("freelist_count") * this.#number("page_size");
  }

  /** Gives so many unused pages at most back to the disk. False where there are none left. */
  shrink(pages: number): boolean {
    try {
      this.#db.pragma(`incremental_vacuum(${pages})`);
      return this.#number("freelist_count") > 0;
    } catch (thrown) {
      throw this.#explain(thrown);
    }
  }

  #number(pragma: string): number {
    return Number(this.#db.pragma(pragma, { simple: true }));
  }

  /** Closes the database and gives the lock back. */
  close(): void {
    this.#checkpoints?.close();
    this.#db.close();
    this.#place.unlock();
  }

  /** What SQLite threw, as `transaction` says; anything else as it is. A broken constraint is a bug and stays one. */
  #explain(thrown: unknown): unknown {
    if (!(thrown instanceof Database.SqliteError) || thrown.code.startsWith("SQLITE_CONSTRAINT")) return thrown;
    if (isCorrupt(thrown)) return this.#noteCorrupt(thrown);
    // A quota that is used up is an I/O error to SQLite.
    if (thrown.code === "SQLITE_FULL" || thrown.code.startsWith("SQLITE_IOERR")) {
      this.makeRoom();
      // Not for a file that has no room: copying the journal would take what the ballast has given up for it.
      keepJournalShort(this.#db);
    }
    const message = `The store cannot answer: ${thrown.message}`;
    return new StoreError("STORE_FAILED", message, { retryable: true, cause: thrown });
  }

  #noteCorrupt(cause: Error): StoreError {
    const { dataDir, clock } = this.#place;
    if (this.#corruption) return this.#corruption;
    this.#corruption = new StoreError(
      "STORE_CORRUPT",
      `The database is corrupt (${cause.message}): restart Node-RED, which sets it aside and begins a new one from the last backup`,
      { cause },
    );
    try {
      if (dataDir !== null) markCorrupt(dataDir, clock.now());
    } catch {
      // Without a mark it is noticed anew.
    }
    return this.#corruption;
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
