/** A site's SQLite database: opened once, one repository per table, every change in a transaction. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { asError, StoreError } from "../resilience/errors.ts";
import { Alerts } from "./alerts.ts";
import { Batches } from "./batches.ts";
import { Cameras } from "./cameras.ts";
import { Claims } from "./claims.ts";
import { Events } from "./events.ts";
import { FoundFiles } from "./found-files.ts";
import { Handovers } from "./handovers.ts";
import { Inspections } from "./inspections.ts";
import { Jobs } from "./jobs.ts";
import { takeLock } from "./lock.ts";
import { migrate } from "./migrations.ts";
import { Outbox } from "./outbox.ts";
import { Pressure } from "./pressure.ts";
import { Roots } from "./roots.ts";
import { Uploads } from "./uploads.ts";

/** The tables, as work sees them inside a transaction. */
export type Tables = Pick<
  Store,
  | "alerts"
  | "batches"
  | "cameras"
  | "claims"
  | "events"
  | "found"
  | "handovers"
  | "inspections"
  | "jobs"
  | "outbox"
  | "roots"
  | "uploads"
> & {
  /** Calls back once the transaction has been committed, and never if it is rolled back. */
  afterCommit(callback: () => void): void;
};

export const DATABASE_FILE = "vigil.db";

/** Waiting for somebody else's lock, a backup's for one, holds up the whole of Node-RED. */
const BUSY_MS = 1_000;

export class Store {
  /** Random, and new at every opening: what makes hand-over ids unique. */
  readonly session: string;
  readonly alerts: Alerts;
  readonly batches: Batches;
  readonly cameras: Cameras;
  readonly claims: Claims;
  readonly events: Events;
  readonly found: FoundFiles;
  readonly handovers: Handovers;
  readonly inspections: Inspections;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  readonly pressure: Pressure;
  readonly roots: Roots;
  readonly uploads: Uploads;
  readonly #db: Database.Database;
  readonly #unlock: () => void;
  #afterCommit: (() => void)[] = [];

  private constructor(db: Database.Database, unlock: () => void) {
    this.#db = db;
    this.#unlock = unlock;
    this.session = randomBytes(8).toString("hex");
    this.alerts = new Alerts(db);
    this.cameras = new Cameras(db);
    this.claims = new Claims(db);
    this.handovers = new Handovers(db, this.session);
    this.jobs = new Jobs(db);
    this.outbox = new Outbox(db);
    this.events = new Events(db, this.outbox);
    this.pressure = new Pressure(db);
    this.roots = new Roots(db);
    this.found = new FoundFiles(db);
    this.uploads = new Uploads(db);
    this.inspections = new Inspections(db);
    this.batches = new Batches(db, this.uploads, this.inspections);
  }

  /**
   * Opens the store of a data folder, which it creates where it is missing; `null` opens one in memory.
   * Throws a StoreError: `STORE_LOCKED`, `STORE_NEWER`, or `STORE_UNUSABLE` with SQLite's own reason.
   */
  static open(dataDir: string | null): Store {
    let unlock = () => {};
    let db: Database.Database | undefined;
    try {
      if (dataDir !== null) {
        mkdirSync(dataDir, { recursive: true });
        unlock = takeLock(join(dataDir, "vigil.lock"));
      }
      db = new Database(dataDir === null ? ":memory:" : join(dataDir, DATABASE_FILE), { timeout: BUSY_MS });
      db.pragma("journal_mode = WAL");
      // Set in so many words: a database that has just become WAL still has FULL.
      db.pragma("synchronous = NORMAL");
      db.pragma("foreign_keys = ON");
      migrate(db);
      return new Store(db, unlock);
    } catch (cause) {
      db?.close();
      unlock();
      if (cause instanceof StoreError) throw cause;
      throw new StoreError(
        "STORE_UNUSABLE",
        `The data folder ${dataDir ?? "in memory"} cannot be used: ${asError(cause).message}`,
        { cause },
      );
    }
  }

  /**
   * Runs `change` in one transaction: all of it is stored, or, where it throws, nothing. Where SQLite itself fails
   * (disk full, I/O) that is a retryable StoreError `STORE_FAILED`.
   */
  transaction<T>(change: (tables: Tables) => T): T {
    if (this.#db.inTransaction) throw new StoreError("STORE_NESTED", "A transaction cannot begin inside another one");
    const callbacks: (() => void)[] = [];
    this.#afterCommit = callbacks;
    try {
      const result = this.#db.transaction(() => change(this)).immediate();
      for (const callback of callbacks) callback();
      return result;
    } catch (cause) {
      if (!(cause instanceof Database.SqliteError) || cause.code.startsWith("SQLITE_CONSTRAINT")) throw cause;
      throw new StoreError("STORE_FAILED", `The store cannot answer: ${cause.message}`, { retryable: true, cause });
    } finally {
      this.#afterCommit = [];
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

  afterCommit(callback: () => void): void {
    this.#afterCommit.push(callback);
  }

  /** Closes the database and gives the lock back. */
  close(): void {
    this.#db.close();
    this.#unlock();
  }
}
