import { deepEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import Database from "better-sqlite3";
import { DATABASE_FILE } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, batchOf, detectedOf, eventOf, openStore, removeStores, rows, uploadOf } from "./support.ts";

/** What goes with the record that it refers to, or is looked at before that goes. */
const CHILDREN = {
  // Retention takes none that has a name; the rest of an identity goes with it.
  identities: ["appearances", "identity_cameras", "looks", "plates"],
  events: ["decisions", "judged_batches", "traits", "verdicts"],
  batches: ["batch_inspections", "batches", "events", "incidents"],
  inspections: ["batch_inspections", "detections"],
  uploads: ["inspections", "uploads"],
};

describe("what retention deletes", () => {
  afterEach(removeStores);

  it("takes all tables into account that refer to another", () => {
    const folder = tempFolder();
    openStore(folder);
    const found = rows(
      folder,
      `SELECT DISTINCT f."table" AS parent, t.name AS child
       FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY child`,
    );
    const children = Map.groupBy(found, ({ parent }) => String(parent));
    const names = [...children].map(([parent, list]) => [parent, list.map(({ child }) => child)]);
    deepEqual(Object.fromEntries(names), CHILDREN);
  });

  it("gives room back, in a database that was made for it", () => {
    const folder = tempFolder();
    const store = openStore(folder);
    const db = new Database(join(folder, DATABASE_FILE), { readonly: true });
    // 2: incremental.
    equal(db.pragma("auto_vacuum", { simple: true }), 2);
    db.close();
    equal(store.shrink(10), false);
    equal(store.unusedBytes, 0);
  });

  it("knows what is open from the beginning of a run on, also what comes during the run", () => {
    const store = openStore();
    const receipt = { nodeId: "n", stage: "s", cameraId: "", priority: 0, now: 0 };
    store.transaction((tables) => {
      for (const id of ["a", "b", "c"]) {
        const batch = { ...batchOf(id, [uploadOf(`up_${id}`)]), batch_id: id };
        tables.batches.adopt(batch, 0);
      }
      tables.jobs.queue({ ...receipt, key: "a", subjectId: "a" }, "{}");
    });
    const isOpen = (id: string) => store.retainedBatches.facts(id)?.open;
    store.transaction(({ openSubjects }) => [...openSubjects.begin()]);
    deepEqual([isOpen("a"), isOpen("b"), isOpen("c")], [true, false, false]);
    store.transaction((tables) => {
      tables.jobs.queue({ ...receipt, key: "b", subjectId: "b" }, "{}");
      tables.handovers.send("n", 0, { kind: "batch", id: "c" }, "{}", 0);
    });
    deepEqual([isOpen("a"), isOpen("b"), isOpen("c")], [true, true, true]);
    store.openSubjects.end();
    deepEqual([isOpen("a"), isOpen("b"), isOpen("c")], [false, false, false]);
  });

  it("does not take an inspection that something waits for by now, or that is in a batch", () => {
    const store = openStore();
    store.transaction((tables) => {
      for (const id of ["free", "busy", "member"]) {
        tables.uploads.adopt(uploadOf(`up_${id}`));
        tables.inspections.add("detect", detectedOf(id, uploadOf(`up_${id}`)), AT);
      }
      tables.batches.adopt(batchOf("ba", [uploadOf("up_other")]), 0);
      const batch = { node_id: "w", camera_id: "front_door", lane: "live" as const, started_at: AT, ended_at: AT };
      const open = { ...batch, batch_id: "open", detection_count: 1, opened_ms: 0, due_ms: 1, msg: "{}" };
      tables.batches.join(open, { inspection_id: "member", detections: [] });
    });
    store.transaction(({ openSubjects }) => [...openSubjects.begin()]);
    store.transaction((tables) => tables.handovers.send("n", 0, { kind: "detected", id: "busy" }, "{}", 0));
    const took = ["free", "busy", "member"].map((id) =>
      store.transaction(({ retainedBatches }) => [retainedBatches.isLoose(id), retainedBatches.removeInspection(id)]),
    );
    deepEqual(took, [
      [true, true],
      [false, false],
      [false, false],
    ]);
  });

  it("leaves an upload in the ledger that a scan would find again, and takes it up where it comes again", () => {
    const folder = tempFolder();
    const store = openStore(folder);
    const upload = uploadOf("up");
    store.transaction((tables) => {
      tables.uploads.adopt(upload);
      tables.inspections.add("detect", detectedOf("in", upload, []), AT);
      tables.retainedBatches.removeInspection("in");
    });
    deepEqual(rows(folder, "SELECT upload_id, what FROM account"), [{ upload_id: "up", what: "purged" }]);
    store.transaction((tables) => tables.uploads.adopt(upload));
    deepEqual(rows(folder, "SELECT state FROM uploads"), [{ state: "handed" }]);
  });

  it("takes readings of graphics cards from before a time, some at a time", () => {
    const folder = tempFolder();
    const store = openStore(folder);
    const db = new Database(join(folder, DATABASE_FILE));
    db.exec(`WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 150)
      INSERT INTO gpu_readings(gpu_id, name, source, simulated, recorded_at)
      SELECT 'gpu', 'GPU', 'nvidia-smi', 0, CASE WHEN n <= 120 THEN '2026-10-01T00:00:00.000Z' ELSE '${AT}' END FROM n`);
    db.close();
    const before = "2026-11-01T00:00:00.000Z";
    deepEqual(
      [1, 2, 3].map(() => store.gpuReadings.forget(before)),
      [100, 20, 0],
    );
    deepEqual(rows(folder, "SELECT count(*) AS count FROM gpu_readings"), [{ count: 30 }]);
  });

  it("stars events", () => {
    const store = openStore();
    store.transaction((tables) => {
      tables.batches.adopt(batchOf("ba_ev", []), 0);
      tables.events.adopt(eventOf("ev"));
    });
    const starred = () => store.retainedBatches.facts("ba_ev")?.events.map((event) => event.starred);
    deepEqual([store.events.star("ev", true), starred()], [true, [true]]);
    deepEqual([store.events.star("ev", false), starred()], [true, [false]]);
    equal(store.events.star("nobody", true), false);
  });
});
