import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { StoreError } from "../../../lib/resilience/errors.ts";
import { BACKUP_FILE, backUp, isBackupDue } from "../../../lib/store/backup.ts";
import { DATABASE_FILE } from "../../../lib/store/store.ts";
import { eventually } from "../../support/eventually.ts";
import { fillDisk, removeSmallDisks, smallDisk } from "../../support/small-disk.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, openStore, removeStores, rows, spoil, uploadOf } from "./support.ts";

const NOW = Date.parse(AT);

describe("backUp", () => {
  const { signal } = new AbortController();

  afterEach(removeStores);

  const uploadsIn = (folder: string) => {
    const db = new Database(join(folder, BACKUP_FILE), { readonly: true });
    try {
      return db.prepare<[], string>("SELECT upload_id FROM uploads ORDER BY upload_id").pluck().all();
    } finally {
      db.close();
    }
  };

  it("copies what is committed, also what only the log has, into one dated file", async () => {
    const folder = tempFolder();
    const store = openStore(folder);
    store.uploads.adopt(uploadOf("up_1"));
    await backUp(folder, NOW, signal);
    deepEqual(uploadsIn(folder), ["up_1"]);
    deepEqual(readdirSync(dirname(join(folder, BACKUP_FILE))), [DATABASE_FILE]);
    equal(statSync(join(folder, BACKUP_FILE)).mtimeMs, NOW);
  });

  it("takes the place of the last one", async () => {
    const folder = tempFolder();
    const store = openStore(folder);
    await backUp(folder, NOW, signal);
    store.uploads.adopt(uploadOf("up_1"));
    await backUp(folder, NOW, signal);
    deepEqual(uploadsIn(folder), ["up_1"]);
  });

  it("is of one instant, while the store goes on", async () => {
    const folder = tempFolder();
    const store = openStore(folder);
    store.transaction((tables) => {
      for (let n = 0; n < 20_000; n += 1) tables.uploads.adopt(uploadOf(`up_${n}`));
    });
    let copying = true;
    const backup = backUp(folder, NOW, signal).finally(() => {
      copying = false;
    });
    let more = 0;
    for (; copying; more += 1) {
      store.transaction((tables) => {
        for (const half of ["a", "b"]) tables.uploads.adopt(uploadOf(`more_${more}_${half}`));
      });
      await new Promise(setImmediate);
    }
    await backup;
    const copied = uploadsIn(folder);
    equal(copied.filter((id) => id.startsWith("up_")).length, 20_000);
    equal(copied.length % 2, 0, "no half of a transaction");
    equal(rows(folder, "SELECT upload_id FROM uploads").length, 20_000 + 2 * more);
  });

  it("keeps the last one where the database is corrupt", async () => {
    const folder = tempFolder();
    const store = openStore(folder);
    store.uploads.adopt(uploadOf("up_1"));
    await backUp(folder, NOW, signal);
    store.close();
    spoil(folder, "uploads");
    openStore(folder);
    await rejects(backUp(folder, NOW + 1, signal), (error) => {
      equal(error instanceof StoreError && error.code, "BACKUP_FAILED");
      return true;
    });
    deepEqual(uploadsIn(folder), ["up_1"]);
    deepEqual(readdirSync(dirname(join(folder, BACKUP_FILE))), [DATABASE_FILE]);
  });

  it("ends at once when it is aborted, and leaves nothing behind", async () => {
    const folder = tempFolder();
    const store = openStore(folder);
    store.transaction((tables) => {
      for (let n = 0; n < 20_000; n += 1) tables.uploads.adopt(uploadOf(`up_${n}`));
    });
    const reason = new Error("closing");
    const closing = new AbortController();
    const backup = backUp(folder, NOW, closing.signal).catch((error: unknown) => error);
    await eventually(() => existsSync(`${join(folder, BACKUP_FILE)}.tmp`), "the copy to begin");
    closing.abort(reason);
    equal(await backup, reason);
    deepEqual(readdirSync(dirname(join(folder, BACKUP_FILE))), []);
  });

  it("is made over what a killed process left", async () => {
    const folder = tempFolder();
    openStore(folder);
    const copy = `${join(folder, BACKUP_FILE)}.tmp`;
    mkdirSync(dirname(copy));
    for (const suffix of ["", "-journal"]) writeFileSync(copy + suffix, "left by a kill");
    await backUp(folder, NOW, signal);
    deepEqual(readdirSync(dirname(copy)), [DATABASE_FILE]);
  });

  it("is not made where the disk is nearly full", async function () {
    const disk = smallDisk(this, 4);
    const store = openStore(disk);
    fillDisk(disk);
    try {
      await rejects(backUp(disk, NOW, signal), (error) => {
        match(String(error), /nearly full/);
        return true;
      });
      equal(existsSync(join(disk, "backup")), false);
    } finally {
      store.close();
      removeSmallDisks();
    }
  });
});

describe("isBackupDue", () => {
  afterEach(removeStores);

  const local = (day: number, hour: number) => new Date(2026, 10, day, hour, 30).getTime();
  const cases: [string, number | null, number, boolean][] = [
    ["there is none", null, local(21, 12), true],
    ["it is of last night", local(21, 3), local(21, 12), false],
    ["it is of last night, until midnight", local(21, 3), local(21, 23), false],
    ["it is of last night, until three", local(21, 3), local(22, 2), false],
    ["it is of the night before", local(21, 3), local(22, 3), true],
    ["it is of yesterday, and the site was off at night", local(20, 22), local(21, 9), true],
    ["it was made by day, after last night", local(21, 9), local(21, 22), false],
    ["it is from the future", local(25, 3), local(21, 12), true],
  ];
  for (const [when, made, now, due] of cases) {
    it(`${due ? "is true" : "is false"} where ${when}`, async () => {
      const folder = tempFolder();
      if (made !== null) {
        const backup = join(folder, BACKUP_FILE);
        mkdirSync(dirname(backup));
        writeFileSync(backup, "");
        utimesSync(backup, made / 1_000, made / 1_000);
      }
      equal(await isBackupDue(folder, now), due);
    });
  }
});
