import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { StoreError } from "../../../lib/resilience/errors.ts";
import { SCHEMA_VERSION } from "../../../lib/store/migrations.ts";
import { DATABASE_FILE, Store } from "../../../lib/store/store.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, removeStores, spoil, uploadOf } from "./support.ts";

const ASIDE = `${DATABASE_FILE}.corrupt-20261120T120000Z`;
const HEADER_BYTES = 100;
const PAGE_BYTES = 4096;
const MARKER = `${DATABASE_FILE}.corrupt`;

describe("a corrupt store", () => {
  const opened: Store[] = [];

  afterEach(() => {
    for (const store of opened.splice(0)) store.close();
    removeStores();
  });

  const open = (folder: string) => {
    const store = Store.open(folder, new FakeClock(Date.parse(AT)));
    opened.push(store);
    return store;
  };
  const aside = (folder: string) =>
    readdirSync(folder)
      .filter((name) => name.startsWith(`${MARKER}-`))
      .sort();
  const spoilHeader = (folder: string) =>
    writeFileSync(join(folder, DATABASE_FILE), "This is no database. ".repeat(500));
  const spoilSchema = (folder: string) => {
    const database = join(folder, DATABASE_FILE);
    writeFileSync(database, readFileSync(database).fill(0xff, HEADER_BYTES, PAGE_BYTES));
  };
  const isCorruption = (error: unknown) => {
    equal(error instanceof StoreError && error.code, "STORE_CORRUPT");
    equal(error instanceof StoreError && error.retryable, false);
    return true;
  };

  describe("at open", () => {
    const cases: [string, (folder: string) => void][] = [
      ["it is no database", spoilHeader],
      ["its schema cannot be read", spoilSchema],
      ["what a repository reads when it is made cannot be read", (folder) => spoil(folder, "handover_state")],
    ];
    for (const [what, damage] of cases) {
      it(`is set aside, and a new one begins: ${what}`, () => {
        const folder = tempFolder();
        open(folder).close();
        damage(folder);
        const corrupt = readFileSync(join(folder, DATABASE_FILE));
        const store = open(folder);
        deepEqual(store.setAside, { path: join(folder, ASIDE), backupFrom: null });
        ok(readFileSync(join(folder, ASIDE)).equals(corrupt));
        equal(existsSync(join(folder, MARKER)), false);
        store.transaction((tables) => tables.cameras.know("garden", AT));
        store.close();
        const again = open(folder);
        equal(again.setAside, null);
        deepEqual(again.cameras.ids(), ["garden"]);
      });
    }

    it("is not where the schema is newer", () => {
      const folder = tempFolder();
      open(folder).close();
      const db = new Database(join(folder, DATABASE_FILE));
      db.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
      db.close();
      throws(() => open(folder), { code: "STORE_NEWER" });
      deepEqual(aside(folder), []);
    });

    it("never takes the place of an earlier one", () => {
      const folder = tempFolder();
      for (let time = 1; time <= 3; time += 1) {
        spoilHeader(folder);
        appendFileSync(join(folder, DATABASE_FILE), `${time}`);
        open(folder).close();
      }
      deepEqual(aside(folder), [ASIDE, `${ASIDE}-2`, `${ASIDE}-3`]);
      deepEqual(
        aside(folder).map((name) => readFileSync(join(folder, name), "utf8").slice(-1)),
        ["1", "2", "3"],
      );
    });
  });

  describe("at run time", () => {
    /** An open store whose uploads cannot be read. */
    const failing = (folder = tempFolder()) => {
      const store = open(folder);
      store.cameras.know("garden", AT);
      store.close();
      spoil(folder, "uploads");
      return open(folder);
    };

    it("says so in a transaction, and writes nothing more", () => {
      const store = failing();
      throws(() => store.transaction((tables) => tables.uploads.adopt(uploadOf("up_1"))), isCorruption);
      let ran = false;
      throws(() => {
        store.transaction(() => {
          ran = true;
        });
      }, isCorruption);
      equal(ran, false);
    });

    it("says so outside of one", () => {
      const store = failing();
      throws(() => store.uploads.adopt(uploadOf("up_1")), isCorruption);
      throws(() => store.transaction(() => {}), isCorruption);
    });

    it("is set aside by the next opening, together with its log", async () => {
      const folder = tempFolder();
      const store = failing(folder);
      store.cameras.know("yard", AT);
      throws(() => store.transaction((tables) => tables.uploads.adopt(uploadOf("up_1"))), isCorruption);
      // As a kill would leave it.
      const killed = tempFolder();
      cpSync(folder, killed, { recursive: true });
      const next = open(killed);
      deepEqual(aside(killed), [ASIDE, `${ASIDE}-shm`, `${ASIDE}-wal`]);
      equal(next.setAside?.path, join(killed, ASIDE));
      deepEqual(next.cameras.ids(), []);
      const old = new Database(join(killed, ASIDE), { readonly: true });
      deepEqual(old.prepare("SELECT camera_id FROM cameras").pluck().all(), ["garden", "yard"], "its log was read");
      old.close();
    });
  });

  describe("is set aside by whoever comes after a kill", () => {
    const begin = () => {
      const folder = tempFolder();
      const store = open(folder);
      store.cameras.know("garden", AT);
      store.close();
      writeFileSync(join(folder, MARKER), ASIDE);
      return folder;
    };
    const cases: [string, (folder: string) => void][] = [
      ["before anything was moved", () => {}],
      ["once the log had been moved", (folder) => writeFileSync(join(folder, `${ASIDE}-wal`), "the log")],
      ["once all had been moved", (folder) => renameSync(join(folder, DATABASE_FILE), join(folder, ASIDE))],
      [
        "once a new one had been begun",
        (folder) => {
          cpSync(join(folder, DATABASE_FILE), join(folder, ASIDE));
          for (const suffix of ["", "-wal", "-shm"])
            writeFileSync(join(folder, `${DATABASE_FILE}.new${suffix}`), "half");
        },
      ],
    ];
    for (const [when, kill] of cases) {
      it(`that came ${when}`, async () => {
        const folder = begin();
        kill(folder);
        const store = open(folder);
        equal(store.setAside?.path, join(folder, ASIDE));
        store.cameras.know("yard", AT);
        store.close();
        const old = new Database(join(folder, ASIDE), { readonly: true });
        deepEqual(old.prepare("SELECT camera_id FROM cameras").pluck().all(), ["garden"]);
        old.close();
        const again = open(folder);
        equal(again.setAside, null);
        ok(again.cameras.ids().includes("yard"));
      });
    }

    it("that left the mark empty", () => {
      const folder = begin();
      writeFileSync(join(folder, MARKER), "");
      equal(open(folder).setAside?.path, join(folder, ASIDE));
    });

    it("with a name in the mark that leads elsewhere", () => {
      const folder = begin();
      writeFileSync(join(folder, MARKER), "../elsewhere");
      equal(open(folder).setAside?.path, join(folder, ASIDE));
    });
  });
});
