import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import { join as joinPath } from "node:path";
import { Batch, type CloseReason } from "../../../lib/domain/batch.ts";
import type { Detected } from "../../../lib/domain/detection.ts";
import type { OpenBatch } from "../../../lib/store/batches.ts";
import { DATABASE_FILE, type Store } from "../../../lib/store/store.ts";
import { violations } from "../../support/invariants.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import {
  AT,
  batchOf,
  detectedOf,
  enterHanded,
  eventOf,
  openStore,
  removeStores,
  rows,
  sha,
  uploadOf,
} from "./support.ts";

const NODE = "window";
const LATER = "2026-11-20T12:00:05.000Z";

function openBatch(id: string, overrides: Partial<OpenBatch> = {}): OpenBatch {
  return {
    batch_id: id,
    node_id: NODE,
    camera_id: "front_door",
    lane: "live",
    started_at: AT,
    ended_at: AT,
    detection_count: 1,
    opened_ms: 1_000,
    due_ms: 2_000,
    msg: '{"topic":"front_door"}',
    ...overrides,
  };
}

describe("Batches", () => {
  let folder: string;
  let store: Store;
  const known = new Map<string, Detected>();

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
  });

  afterEach(removeStores);

  /** Enters an inspection, whose detections `join` gives to its batch. */
  function know(detected: Detected, nodeId = "detect"): void {
    known.set(detected.inspection_id, detected);
    store.inspections.add(nodeId, detected, AT);
  }

  function join(batch: OpenBatch, id: string): void {
    const detected = known.get(id);
    if (!detected) throw new Error(`${id} was not entered`);
    store.batches.join(batch, detected);
  }

  /** An inspection that the store knows, of an upload that a folder has. */
  function inspected(id: string, capturedAt = AT, confidences: readonly number[] = [0.9]): Detected {
    const upload = uploadOf(`up_${id}`, { captured_at: capturedAt });
    const detected = detectedOf(id, upload, confidences);
    enterHanded(store, upload);
    know(detected);
    return detected;
  }

  describe("an open batch", () => {
    it("grows", () => {
      for (const id of ["in_1", "in_2"]) inspected(id);
      const grown = openBatch("ba_1", { ended_at: LATER, detection_count: 2, due_ms: 3_000, msg: '{"n":2}' });
      join(openBatch("ba_1"), "in_1");
      deepEqual(store.batches.openOf(NODE, "front_door", "live"), openBatch("ba_1"));
      join(grown, "in_2");
      deepEqual(store.batches.openOf(NODE, "front_door", "live"), grown);
      deepEqual(store.batches.allOpen(NODE), [grown]);
    });

    it("is found after a restart", () => {
      inspected("in_1");
      join(openBatch("ba_1"), "in_1");
      store.close();
      store = openStore(folder);
      deepEqual(store.batches.allOpen(NODE), [openBatch("ba_1")]);
    });

    it("is the only one of its node, camera and lane", () => {
      for (const id of ["in_1", "in_2", "in_3", "in_4"]) inspected(id);
      join(openBatch("ba_1"), "in_1");
      join(openBatch("ba_2", { lane: "backlog" }), "in_2");
      join(openBatch("ba_3", { camera_id: "garden" }), "in_3");
      join(openBatch("ba_4", { node_id: "other" }), "in_1");
      throws(() => join(openBatch("ba_5"), "in_4"), { code: "SQLITE_CONSTRAINT_UNIQUE" });
      equal(store.batches.openOf(NODE, "front_door", "backlog")?.batch_id, "ba_2");
      equal(store.batches.openOf(NODE, "garden", "live")?.batch_id, "ba_3");
      equal(store.batches.openOf(NODE, "garden", "backlog"), undefined);
      equal(store.batches.allOpen(NODE).length, 3);
      equal(store.batches.allOpen("other").length, 1);
    });
  });

  it("has each inspection once per node", () => {
    inspected("in_1");
    equal(store.batches.isMember(NODE, "in_1"), false);
    join(openBatch("ba_1"), "in_1");
    join(openBatch("ba_1"), "in_1");
    store.batches.close("ba_1", "idle");
    join(openBatch("ba_2"), "in_1");
    deepEqual(rows(folder, "SELECT batch_id FROM batch_inspections"), [{ batch_id: "ba_1" }]);
    equal(store.batches.isMember(NODE, "in_1"), true);
    equal(store.batches.isMember("other", "in_1"), false);
  });

  it("refuses an inspection that is not known", () => {
    throws(
      () =>
        store.transaction((tables) =>
          tables.batches.join(openBatch("ba_1"), { inspection_id: "in_unknown", detections: [] }),
        ),
      {
        code: "SQLITE_CONSTRAINT_FOREIGNKEY",
      },
    );
    deepEqual(store.batches.allOpen(NODE), []);
  });

  describe("closing", () => {
    it("answers the whole batch, ordered by capture time", () => {
      const second = inspected("in_1", LATER, [0.6, 0.8]);
      const first = inspected("in_2", AT, [0.7]);
      const open = openBatch("ba_1", { ended_at: LATER, detection_count: 3 });
      for (const id of ["in_1", "in_2"]) join(open, id);
      const batch = store.batches.close("ba_1", "idle");
      deepEqual(batch, {
        batch_id: "ba_1",
        camera_id: "front_door",
        started_at: AT,
        ended_at: LATER,
        close_reason: "idle",
        fast_path: false,
        detections: [...first.detections, ...second.detections],
        uploads: [first.upload, second.upload],
        still_path: second.still_path,
        thumbnail_path: second.thumbnail_path,
      });
      deepEqual(Batch.parse(batch), batch);
    });

    for (const [reason, fastPath] of [
      ["window", false],
      ["size", false],
      ["flush", false],
      ["fast_path", true],
    ] as const) {
      it(`says why: ${reason}`, () => {
        inspected("in_1");
        join(openBatch("ba_1"), "in_1");
        const batch = store.batches.close("ba_1", reason);
        equal(batch?.close_reason, reason);
        equal(batch?.fast_path, fastPath);
        deepEqual(rows(folder, "SELECT state, close_reason, fast_path, due_ms, msg FROM batches"), [
          { state: "closed", close_reason: reason, fast_path: fastPath ? 1 : 0, due_ms: null, msg: null },
        ]);
      });
    }

    it("happens once", () => {
      inspected("in_1");
      join(openBatch("ba_1"), "in_1");
      store.batches.close("ba_1", "idle");
      equal(store.batches.close("ba_1", "flush"), null);
      equal(store.batches.close("ba_unknown", "flush"), null);
      deepEqual(store.batches.allOpen(NODE), []);
      deepEqual(rows(folder, "SELECT close_reason FROM batches"), [{ close_reason: "idle" }]);
    });

    it("makes room for the next", () => {
      for (const id of ["in_1", "in_2"]) inspected(id);
      join(openBatch("ba_1"), "in_1");
      store.batches.close("ba_1", "idle");
      join(openBatch("ba_2"), "in_2");
      equal(store.batches.openOf(NODE, "front_door", "live")?.batch_id, "ba_2");
    });

    it("names an upload once that two detectors looked at", () => {
      const detected = inspected("in_1");
      know(detectedOf("in_2", detected.upload), "detect-2");
      for (const id of ["in_1", "in_2"]) join(openBatch("ba_1"), id);
      const batch = store.batches.close("ba_1", "idle");
      deepEqual(batch?.uploads, [detected.upload]);
      equal(batch?.detections.length, 2);
    });

    it("keeps the path of an upload from elsewhere", () => {
      const upload = uploadOf("up_1", { path: "/data/inbox/a.jpg" });
      store.uploads.adopt(upload);
      know(detectedOf("in_1", upload));
      join(openBatch("ba_1"), "in_1");
      deepEqual(store.batches.close("ba_1", "idle")?.uploads, [upload]);
    });

    it("has the detections as the message had them, whatever a user's node made of those", () => {
      const upload = uploadOf("up_1");
      const detected = detectedOf("in_1", upload, [0.5, 0.6, 0.7]);
      store.uploads.adopt(upload);
      know(detected);
      const [first] = detected.detections;
      const detections = first ? [{ ...first, label: "neighbour" }] : [];
      store.batches.join(openBatch("ba_1"), { ...detected, detections });
      deepEqual(store.batches.close("ba_1", "idle")?.detections, detections);
    });

    it("shows the most confident detection that has a picture", () => {
      const without = inspected("in_1", AT, [0.99]);
      const upload = uploadOf("up_2");
      store.uploads.adopt(upload);
      know({ ...detectedOf("in_2", upload, [0.3]), thumbnail_path: null });
      join(openBatch("ba_1"), "in_2");
      equal(store.batches.close("ba_1", "idle")?.thumbnail_path, null);
      for (const id of ["in_3", "in_4"]) inspected(id, AT, [id === "in_4" ? 0.8 : 0.4]);
      for (const id of ["in_1", "in_3", "in_4"]) join(openBatch("ba_2"), id);
      equal(store.batches.close("ba_2", "idle")?.thumbnail_path, without.thumbnail_path);
    });
  });

  it("shows the clip whose best moment is better than the other's, whatever else is in it", () => {
    const [clip, better] = ["in_1", "in_2"].map((id) => {
      const upload = uploadOf(`up_${id}`, { media_type: "video", path: `/ftp/Front door/${id}.mp4` });
      store.uploads.adopt(upload);
      const detected = detectedOf(id, upload, id === "in_1" ? [0.5, 0.6, 0.6, 0.6] : [0.1, 0.7]);
      const moments = detected.detections.map((detection, n) => ({ ...detection, offset_ms: n * 1000 }));
      const still_path = `/data/stills/${id}.jpg`;
      know({ ...detected, detections: moments, still_path });
      return { id, still_path };
    });
    for (const id of ["in_1", "in_2"]) join(openBatch("ba_1"), id);
    const batch = store.batches.close("ba_1", "idle");
    equal(batch?.still_path, better?.still_path);
    equal(batch?.detections.length, 6);
    notEqual(clip?.still_path, better?.still_path);
  });

  it("counts the pictures that only looked like its own, as of the closing", () => {
    const [first, second] = [inspected("in_1"), inspected("in_2")];
    inspected("in_of_another_batch");
    const duplicates: [id: string, original: string, distance: number | null][] = [
      ["up_similar_1", first.upload.upload_id, 0],
      ["up_similar_2", first.upload.upload_id, 4],
      ["up_similar_3", second.upload.upload_id, 2],
      ["up_exact", first.upload.upload_id, null],
      ["up_elsewhere", "up_in_of_another_batch", 1],
    ];
    for (const [id, original, distance] of duplicates) {
      store.uploads.adopt(uploadOf(id));
      store.uploads.markDuplicate(id, original, "dedupe", distance);
    }
    for (const id of ["in_1", "in_2"]) join(openBatch("ba_1"), id);
    // What is looked at all the same is in a batch itself.
    store.uploads.reopen("up_similar_2");
    equal(store.batches.close("ba_1", "idle")?.similar_count, 2);
  });

  describe("a batch from elsewhere", () => {
    const uploads = [uploadOf("up_1"), uploadOf("up_2")];
    const counts = () =>
      rows(
        folder,
        `SELECT (SELECT count(*) FROM batches) AS batches, (SELECT count(*) FROM uploads) AS uploads,
          (SELECT count(*) FROM inspections) AS inspections, (SELECT count(*) FROM detections) AS detections,
          (SELECT count(*) FROM batch_inspections) AS members`,
      )[0];

    it("is entered with all it holds, once", () => {
      const batch = { ...batchOf("ba_1", uploads), fast_path: true };
      store.batches.adopt(batch, 5_000);
      const all = { batches: 1, uploads: 2, inspections: 2, detections: 2, members: 2 };
      deepEqual(counts(), all);
      deepEqual(rows(folder, "SELECT state, fast_path, opened_ms, detection_count FROM batches"), [
        { state: "foreign", fast_path: 1, opened_ms: 5_000, detection_count: 2 },
      ]);
      store.batches.adopt({ ...batch, detections: [] }, 6_000);
      deepEqual(counts(), all);
    });

    it("is not entered where it is our own", () => {
      const { upload } = inspected("in_1");
      join(openBatch("ba_1"), "in_1");
      store.batches.close("ba_1", "idle");
      const before = counts();
      store.batches.adopt(batchOf("ba_1", [upload]), 0);
      deepEqual(counts(), before);
      deepEqual(rows(folder, "SELECT state FROM batches"), [{ state: "closed" }]);
    });

    it("is nobody's to close", () => {
      store.batches.adopt(batchOf("ba_1", uploads), 0);
      equal(store.batches.close("ba_1", "flush"), null);
      deepEqual(store.batches.allOpen(""), []);
    });

    it("has no member for an upload in which it names nothing seen", () => {
      const { detections, ...rest } = batchOf("ba_1", uploads);
      store.batches.adopt({ ...rest, detections: detections.slice(0, 1) }, 0);
      deepEqual(counts(), { batches: 1, uploads: 1, inspections: 1, detections: 1, members: 1 });
    });

    it("may name an upload that another one named", () => {
      store.batches.adopt(batchOf("ba_1", uploads), 0);
      store.batches.adopt(batchOf("ba_2", uploads), 0);
      equal(rows(folder, "SELECT 1 FROM batches").length, 2);
    });

    it("may be made of what our own nodes detected", () => {
      const { upload, detections } = inspected("in_1");
      store.batches.adopt({ ...batchOf("ba_regrouped", [upload]), detections }, 0);
      equal(rows(folder, "SELECT 1 FROM batches").length, 1);
    });

    it("may be known by its event only", () => {
      const event = { ...eventOf("ev_1"), detections: [] };
      store.batches.adoptOf(event, 5_000);
      store.batches.adoptOf({ ...event, detection_count: 7 }, 6_000);
      deepEqual(rows(folder, "SELECT batch_id, state, detection_count, opened_ms FROM batches"), [
        { batch_id: "ba_ev_1", state: "foreign", detection_count: 1, opened_ms: 5_000 },
      ]);
    });
  });

  describe("merging", () => {
    const EARLIER = "2026-11-20T11:00:00.000Z";
    const batches = () =>
      rows(
        folder,
        "SELECT batch_id, state, merged_into, started_at, ended_at, detection_count, fast_path FROM batches ORDER BY batch_id",
      );
    const members = () =>
      rows(folder, "SELECT inspection_id, batch_id FROM batch_inspections ORDER BY inspection_id").map(
        ({ inspection_id, batch_id }) => [inspection_id, batch_id],
      );
    const states = () => batches().map(({ batch_id, state, merged_into }) => [batch_id, state, merged_into]);
    const broken = () =>
      violations(joinPath(folder, DATABASE_FILE)).filter(({ what }) => what.includes("merged batch"));

    /** A batch of our own, closed, as its message has it. */
    function closed(n: number, capturedAt = AT, reason: CloseReason = "idle"): Batch {
      inspected(`in_${n}`, capturedAt);
      join(openBatch(`ba_${n}`, { started_at: capturedAt, ended_at: capturedAt }), `in_${n}`);
      const batch = store.batches.close(`ba_${n}`, reason);
      if (!batch) throw new Error("it was open");
      return batch;
    }

    function merge(into: Batch, ...others: readonly Batch[]): Batch {
      return store.transaction((tables) => tables.batches.merge(into, others, 9_000));
    }

    it("moves all that others hold into the one that stays", () => {
      const [one, two, three] = [closed(1), closed(2, EARLIER), closed(3, LATER, "fast_path")];
      const merged = merge(one, two, three);
      deepEqual(Batch.parse(merged), merged);
      deepEqual(merged, {
        ...one,
        started_at: EARLIER,
        ended_at: LATER,
        fast_path: true,
        detections: [two, one, three].flatMap(({ detections }) => detections),
        uploads: [two, one, three].flatMap(({ uploads }) => uploads),
        still_path: two.still_path,
        thumbnail_path: two.thumbnail_path,
        merged: ["ba_2", "ba_3"],
      });
      const away = { state: "merged", merged_into: "ba_1", detection_count: 1 };
      deepEqual(batches(), [
        {
          batch_id: "ba_1",
          state: "closed",
          merged_into: null,
          started_at: EARLIER,
          ended_at: LATER,
          detection_count: 3,
          fast_path: 1,
        },
        { ...away, batch_id: "ba_2", started_at: EARLIER, ended_at: EARLIER, fast_path: 0 },
        { ...away, batch_id: "ba_3", started_at: LATER, ended_at: LATER, fast_path: 1 },
      ]);
      deepEqual(members(), [
        ["in_1", "ba_1"],
        ["in_2", "ba_1"],
        ["in_3", "ba_1"],
      ]);
      deepEqual(broken(), []);
    });

    it("takes along what was merged before", () => {
      const [one, two, three] = [closed(1), closed(2), closed(3)];
      const merged = merge(three, merge(two, one));
      deepEqual(merged.merged, ["ba_1", "ba_2"]);
      deepEqual(states(), [
        ["ba_1", "merged", "ba_3"],
        ["ba_2", "merged", "ba_3"],
        ["ba_3", "closed", null],
      ]);
      equal(store.batches.merge(merged, [two], 0), merged, "once is enough");
      deepEqual(broken(), []);
    });

    it("enters batches from elsewhere first, on either side", () => {
      const foreign = ["ba_f", "ba_g"].map((id) => batchOf(id, [uploadOf(`up_${id}`)]));
      const [first, second] = foreign;
      if (!first || !second) throw new Error("two were made");
      const own = closed(1);
      deepEqual(merge(first, second, own).merged, ["ba_1", "ba_g"]);
      deepEqual(states(), [
        ["ba_1", "merged", "ba_f"],
        ["ba_f", "foreign", null],
        ["ba_g", "merged", "ba_f"],
      ]);
      deepEqual(new Set(members().map(([, batchId]) => batchId)), new Set(["ba_f"]));
      deepEqual(broken(), []);
    });

    it("leaves alone what has been judged by any node, is of another camera, or is the same", () => {
      const [one, judged] = [closed(1), closed(2)];
      store.events.save("other-analyze", eventOf("ev_1", { batch_id: "ba_2" }), false);
      const elsewhere: Batch = { ...batchOf("ba_f", [uploadOf("up_f")]), camera_id: "garden" };
      equal(merge(one, judged, elsewhere, one), one);
      deepEqual(states(), [
        ["ba_1", "closed", null],
        ["ba_2", "closed", null],
        ["ba_f", "foreign", null],
      ]);
    });

    it("puts nothing into what is merged itself, and may put more into what was judged before", () => {
      const [one, two, three] = [closed(1), closed(2), closed(3)];
      merge(one, two);
      equal(merge(two, three), two);
      store.events.save("analyze", eventOf("ev_1", { batch_id: "ba_1", final: false }), false);
      deepEqual(merge(one, three).merged, ["ba_3"]);
      deepEqual(broken(), []);
    });
  });

  describe("an inspection from elsewhere", () => {
    it("joins beside another one of the same picture", () => {
      const upload = uploadOf("up_1", { sha256: sha("same") });
      store.uploads.adopt(upload);
      for (const id of ["in_1", "in_2"]) {
        known.set(id, detectedOf(id, upload));
        store.inspections.adopt(detectedOf(id, upload), AT);
        join(openBatch("ba_1", { detection_count: 2 }), id);
      }
      equal(store.batches.close("ba_1", "idle")?.detections.length, 2);
    });
  });
});
