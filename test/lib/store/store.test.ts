import { deepEqual, doesNotThrow, equal, match, notEqual, ok, throws } from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { StoreError, VigilError } from "../../../lib/resilience/errors.ts";
import { SCHEMA_VERSION } from "../../../lib/store/migrations.ts";
import { DATABASE_FILE, Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, openStore, openWithConnection, removeStores, rows, startHolder, uploadOf } from "./support.ts";

const NORMAL = 1;
const FULL = 2;

describe("Store", () => {
  afterEach(removeStores);

  describe("opening", () => {
    it("sets WAL, NORMAL and foreign keys", () => {
      const { connection } = openWithConnection();
      equal(connection.pragma("journal_mode", { simple: true }), "wal");
      equal(connection.pragma("synchronous", { simple: true }), NORMAL);
      equal(connection.pragma("foreign_keys", { simple: true }), 1);
    });

    it("sets the same where the database is there already", () => {
      const folder = tempFolder();
      openStore(folder).close();
      const { connection } = openWithConnection(folder);
      equal(connection.pragma("journal_mode", { simple: true }), "wal");
      equal(connection.pragma("synchronous", { simple: true }), NORMAL);
      equal(connection.pragma("foreign_keys", { simple: true }), 1);
    });

    it("makes the folder where it is missing", () => {
      const folder = join(tempFolder(), "a", "b");
      openStore(folder);
      equal(existsSync(join(folder, DATABASE_FILE)), true);
    });

    it("makes STRICT tables only", () => {
      const { connection } = openWithConnection();
      const tables = connection
        .prepare<[], { name: string; strict: number }>(
          "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
        )
        .all();
      deepEqual(
        tables.filter(({ strict }) => strict === 0),
        [],
      );
      ok(tables.length > 10);
    });

    it("migrates once", () => {
      const folder = tempFolder();
      const schema = () => rows(folder, "SELECT type, name, sql FROM sqlite_schema ORDER BY name");
      const store = openStore(folder);
      store.cameras.know("garden", AT);
      const first = schema();
      store.close();
      const second = openStore(folder);
      deepEqual(rows(folder, "PRAGMA user_version"), [{ user_version: SCHEMA_VERSION }]);
      deepEqual(schema(), first);
      deepEqual(second.cameras.ids(), ["garden"]);
    });

    it("takes a session of its own each time", () => {
      const folder = tempFolder();
      const first = openStore(folder);
      first.close();
      const second = openStore(folder);
      match(second.session, /^[0-9a-f]{16}$/);
      notEqual(second.session, first.session);
    });

    it("opens stores in memory, each its own", () => {
      const one = openStore(null);
      const other = openStore(null);
      one.transaction((tables) => tables.cameras.know("garden", AT));
      one.durableTransaction((tables) => tables.cameras.know("yard", AT));
      deepEqual(one.cameras.ids(), ["garden", "yard"]);
      deepEqual(other.cameras.ids(), []);
    });
  });

  describe("one holder", () => {
    it("refuses a second one in this process, and leaves the first alone", () => {
      const folder = tempFolder();
      const store = openStore(folder);
      throws(() => Store.open(folder), storeError("STORE_LOCKED", folder));
      store.transaction((tables) => tables.cameras.know("garden", AT));
      deepEqual(store.cameras.ids(), ["garden"]);
      store.close();
      doesNotThrow(() => openStore(folder));
    });

    it("refuses a second process", async () => {
      const folder = tempFolder();
      openStore(folder);
      equal((await startHolder(folder)).said, "STORE_LOCKED");
    });

    it("is refused where another process holds it, and gets it with all it has as soon as that was killed", async () => {
      const folder = tempFolder();
      const { said, kill } = await startHolder(folder);
      equal(said, "open");
      throws(() => Store.open(folder), storeError("STORE_LOCKED", folder));
      await kill();
      openStore(folder);
      deepEqual(rows(folder, "SELECT upload_id FROM uploads"), [{ upload_id: "up_1" }]);
    });

    it("gives the lock back where opening fails", () => {
      const folder = tempFolder();
      mkdirSync(join(folder, DATABASE_FILE));
      throws(() => Store.open(folder), storeError("STORE_UNUSABLE", folder));
      rmSync(join(folder, DATABASE_FILE), { recursive: true });
      doesNotThrow(() => openStore(folder));
    });
  });

  it("refuses a newer schema and leaves it as it is", () => {
    const folder = tempFolder();
    openStore(folder).close();
    const newer = SCHEMA_VERSION + 1;
    const db = new Database(join(folder, DATABASE_FILE));
    db.pragma(`user_version = ${newer}`);
    db.close();
    throws(() => Store.open(folder), storeError("STORE_NEWER", String(newer)));
    throws(() => Store.open(folder), storeError("STORE_NEWER", String(newer)), "the lock was given back");
    deepEqual(rows(folder, "PRAGMA user_version"), [{ user_version: newer }]);
  });

  describe("a folder that cannot be used", () => {
    const cases: [string, (folder: string) => string][] = [
      [
        "a file in its place",
        (folder) => {
          writeFileSync(join(folder, "data"), "");
          return join(folder, "data");
        },
      ],
      [
        "a file above it",
        (folder) => {
          writeFileSync(join(folder, "data"), "");
          return join(folder, "data", "vigil");
        },
      ],
      [
        "a folder in the lock's place",
        (folder) => {
          mkdirSync(join(folder, "vigil.lock"));
          return folder;
        },
      ],
      [
        "a lock that is none",
        (folder) => {
          writeFileSync(join(folder, "vigil.lock"), "This is no database. ".repeat(500));
          return folder;
        },
      ],
    ];
    for (const [what, spoil] of cases) {
      it(`is refused: ${what}`, () => {
        const folder = spoil(tempFolder());
        throws(() => Store.open(folder), storeError("STORE_UNUSABLE", folder));
      });
    }
  });

  describe("transaction", () => {
    it("stores all of it, and answers what the change answers", () => {
      const folder = tempFolder();
      const store = openStore(folder);
      const answer = store.transaction((tables) => {
        tables.cameras.know("garden", AT);
        tables.cameras.know("yard", AT);
        deepEqual(rows(folder, "SELECT camera_id FROM cameras"), []);
        return 7;
      });
      equal(answer, 7);
      deepEqual(rows(folder, "SELECT camera_id FROM cameras"), [{ camera_id: "garden" }, { camera_id: "yard" }]);
    });

    it("stores nothing where the change throws, and passes the error on", () => {
      const store = openStore();
      const error = new TypeError("a bug");
      const change = () =>
        store.transaction((tables) => {
          tables.cameras.know("garden", AT);
          throw error;
        });
      throws(change, (thrown) => thrown === error);
      deepEqual(store.cameras.ids(), []);
      doesNotThrow(() => store.transaction((tables) => tables.cameras.know("yard", AT)));
    });

    it("passes a constraint on as it is: that is a bug, and trying again will not help", () => {
      const store = openStore();
      store.uploads.adopt(uploadOf("up_1"));
      throws(() => store.transaction((tables) => tables.uploads.markDuplicate("up_1", "up_unknown", "dedupe")), {
        name: "SqliteError",
        code: "SQLITE_CONSTRAINT_FOREIGNKEY",
      });
    });

    it("says STORE_FAILED, to be tried again, where SQLite fails", () => {
      const { store, connection } = openWithConnection();
      connection.pragma(`max_page_count = ${connection.pragma("page_count", { simple: true })}`);
      const fill = () => store.transaction((tables) => tables.cameras.know("x".repeat(100_000), AT));
      throws(fill, (error) => {
        storeError("STORE_FAILED", "full")(error);
        equal(error instanceof VigilError && error.retryable, true);
        equal(error instanceof Error && error.cause instanceof Database.SqliteError && error.cause.code, "SQLITE_FULL");
        return true;
      });
      deepEqual(store.cameras.ids(), []);
      connection.pragma("max_page_count = 1000000");
      doesNotThrow(fill);
    });

    it("gives the ballast up where the disk is full", () => {
      const folder = tempFolder();
      const { store, connection } = openWithConnection(folder);
      writeFileSync(join(folder, "ballast"), "ballast");
      connection.pragma(`max_page_count = ${connection.pragma("page_count", { simple: true })}`);
      throws(
        () => store.transaction((tables) => tables.cameras.know("x".repeat(100_000), AT)),
        storeError("STORE_FAILED", "full"),
      );
      equal(existsSync(join(folder, "ballast")), false);
    });

    it("says STORE_FAILED outside of one as well", () => {
      const { store, connection } = openWithConnection();
      connection.pragma("query_only = ON");
      throws(() => store.cameras.know("garden", AT), storeError("STORE_FAILED", "readonly"));
    });
  });

  describe("durableTransaction", () => {
    it("commits with FULL, and goes back to NORMAL", () => {
      const { store, connection } = openWithConnection();
      const inside = store.durableTransaction((tables) => {
        tables.cameras.know("garden", AT);
        return connection.pragma("synchronous", { simple: true });
      });
      equal(inside, FULL);
      equal(connection.pragma("synchronous", { simple: true }), NORMAL);
      deepEqual(store.cameras.ids(), ["garden"]);
    });

    it("goes back to NORMAL where the change throws", () => {
      const { store, connection } = openWithConnection();
      throws(
        () =>
          store.durableTransaction(() => {
            throw new Error("a bug");
          }),
        /a bug/,
      );
      equal(connection.pragma("synchronous", { simple: true }), NORMAL);
    });
  });

  describe("afterCommit", () => {
    it("calls back once, in order, when the change is committed", () => {
      const folder = tempFolder();
      const store = openStore(folder);
      const calls: unknown[] = [];
      store.transaction((tables) => {
        tables.afterCommit(() => calls.push(rows(folder, "SELECT camera_id FROM cameras")));
        tables.cameras.know("garden", AT);
        tables.afterCommit(() => calls.push("second"));
        deepEqual(calls, []);
      });
      deepEqual(calls, [[{ camera_id: "garden" }], "second"]);
      store.transaction(() => {});
      equal(calls.length, 2);
    });

    it("does not call back after a rollback, not even with the next commit", () => {
      const store = openStore();
      const calls: string[] = [];
      throws(() =>
        store.transaction((tables) => {
          tables.afterCommit(() => calls.push("rolled back"));
          throw new Error("a bug");
        }),
      );
      store.transaction((tables) => tables.afterCommit(() => calls.push("committed")));
      deepEqual(calls, ["committed"]);
    });

    it("does not call back where the commit itself fails", () => {
      const { store, connection } = openWithConnection();
      const calls: string[] = [];
      connection.pragma("query_only = ON");
      throws(
        () =>
          store.transaction((tables) => {
            tables.afterCommit(() => calls.push("called"));
            tables.cameras.know("garden", AT);
          }),
        storeError("STORE_FAILED", "readonly"),
      );
      deepEqual(calls, []);
    });

    it("lets a callback run a transaction of its own", () => {
      const store = openStore();
      const calls: string[] = [];
      store.transaction((tables) => {
        tables.afterCommit(() => {
          store.transaction((inner) => inner.afterCommit(() => calls.push("inner")));
        });
        tables.afterCommit(() => calls.push("outer"));
      });
      deepEqual(calls, ["inner", "outer"]);
    });
  });

  it("closes twice without harm, and leaves one file and the lock", () => {
    const folder = tempFolder();
    const store = openStore(folder);
    store.close();
    doesNotThrow(() => store.close());
    deepEqual(readdirSync(folder).sort(), [DATABASE_FILE, "vigil.lock"]);
  });
});

function storeError(code: string, part: string): (error: unknown) => true {
  return (error) => {
    equal(error instanceof StoreError && error.code, code);
    equal(error instanceof Error && error.message.includes(part), true, `"${error}" names ${part}`);
    return true;
  };
}
