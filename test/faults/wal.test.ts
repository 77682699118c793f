import { equal, ok } from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";
import { Dice } from "./dice.ts";
import { INDEX_BYTES, KilledWal, walPosition, writePosition } from "./wal.ts";

const PARTS = ["", "-wal", "-shm"];
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);

describe("A power cut", () => {
  after(removeTempFolders);

  /** Writes to a database and leaves its files as a kill would then. */
  function killedAt(database: string, write: (db: Database.Database) => void): void {
    const aside = join(tempFolder(), "aside");
    const db = new Database(database);
    write(db);
    for (const part of PARTS) copyFileSync(database + part, aside + part);
    db.close();
    for (const part of PARTS) copyFileSync(aside + part, database + part);
  }

  /** A killed database with rows up to 5 that are on the disk, and up to 10 that may not be. */
  function killed(): { database: string; wal: KilledWal } {
    const folder = tempFolder();
    const [database, durableFile] = [join(folder, "killed.db"), join(folder, "durable")];
    killedAt(database, (db) => {
      db.pragma("journal_mode = WAL");
      db.exec("CREATE TABLE rows(n INTEGER, padding BLOB)");
      const insert = db.prepare("INSERT INTO rows VALUES(?, zeroblob(3000))");
      for (let n = 1; n <= 10; n += 1) {
        insert.run(n);
        const index = readFileSync(`${database}-shm`).subarray(0, INDEX_BYTES);
        if (n === 5) writeFileSync(durableFile, writePosition(walPosition(index)));
      }
    });
    return { database, wal: new KilledWal(database, durableFile) };
  }

  function rowsOf(database: string): number[] {
    const db = new Database(database);
    const rows = db.prepare<[], number>("SELECT n FROM rows ORDER BY n").pluck().all();
    equal(db.pragma("integrity_check", { simple: true }), "ok");
    db.close();
    return rows;
  }

  it("leaves all that is on the disk, and the rest up to some commit", () => {
    const left = SEEDS.map((seed) => {
      const { database, wal } = killed();
      ok(wal.afterDeath(true, new Dice(seed)) > 0);
      const rows = rowsOf(database);
      ok(rows.every((n, index) => n === index + 1));
      return rows.length;
    });
    equal(Math.min(...left), 5);
    equal(Math.max(...left), 9);
  });

  it("may come twice before anything is written", () => {
    for (const seed of SEEDS) {
      const { database, wal } = killed();
      const dice = new Dice(seed);
      wal.afterDeath(true, dice);
      wal.afterDeath(true, dice);
      ok(rowsOf(database).length >= 5);
    }
  });

  it("reaches what an earlier process has left, as long as nothing has synced that", () => {
    const left = SEEDS.map((seed) => {
      const { database, wal } = killed();
      equal(wal.afterDeath(false, new Dice(seed)), 0);
      killedAt(database, (db) => db.exec("INSERT INTO rows VALUES(11, NULL)"));
      wal.afterDeath(true, new Dice(seed));
      return rowsOf(database).length;
    });
    equal(Math.min(...left), 5);
  });

  it("takes nothing that an earlier process has copied into the database", () => {
    for (const seed of SEEDS) {
      const { database, wal } = killed();
      wal.afterDeath(false, new Dice(seed));
      killedAt(database, (db) => {
        db.exec("INSERT INTO rows VALUES(11, NULL)");
        db.pragma("wal_checkpoint(PASSIVE)");
      });
      wal.afterDeath(false, new Dice(seed));
      killedAt(database, (db) => db.exec("INSERT INTO rows VALUES(12, NULL)"));
      wal.afterDeath(true, new Dice(seed));
      equal(rowsOf(database).length, 11);
    }
  });

  it("takes nothing where there is no log", () => {
    equal(new KilledWal(join(tempFolder(), "none.db"), "nowhere").afterDeath(true, new Dice(1)), 0);
  });
});
