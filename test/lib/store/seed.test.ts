import { deepEqual, equal } from "node:assert/strict";
import { renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BACKUP_FILE, backUp, PREVIOUS_BACKUP_FILE } from "../../../lib/store/backup.ts";
import { DATABASE_FILE, type Store } from "../../../lib/store/store.ts";
import { leftovers, violations } from "../../support/invariants.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import {
  AT,
  detectedOf,
  emptyIndex,
  enterHanded,
  eventOf,
  fileOf,
  openStore,
  ROOT,
  removeStores,
  rows,
  seenOf,
  uploadOf,
} from "./support.ts";

const NOW = Date.parse(AT);

describe("a store that begins from its backup", () => {
  afterEach(removeStores);

  /** Backs a store up, spoils it, and opens what comes after it. */
  async function replace(folder: string, store: Store): Promise<Store> {
    await backUp(folder, NOW, new AbortController().signal);
    store.close();
    writeFileSync(join(folder, DATABASE_FILE), "This is no database. ".repeat(500));
    return openStore(folder);
  }

  const receipt = (subjectId: string, nodeId: string) => ({
    nodeId,
    stage: nodeId,
    key: subjectId,
    subjectId,
    cameraId: "front_door",
    priority: 0,
    now: NOW,
  });

  /** Brings an upload to some point of its way. */
  const ways: Record<string, (store: Store, id: string) => void> = {
    waiting_at_detect: (store, id) => void store.jobs.queue(receipt(id, "detect"), "{}"),
    dead_at_detect: (store, id) => {
      const job = store.jobs.queue(receipt(id, "detect"), "{}");
      store.jobs.claim("detect", "owner");
      store.jobs.dead(Number(job), "owner", "CODE", "error", NOW);
    },
    refused: (store, id) => void store.jobs.refuse(receipt(id, "detect"), "CODE", "error"),
    on_its_way_to_detect: (store, id) => void store.handovers.send("watch", 0, { kind: "upload", id }, "{}", NOW),
    left_open: (store, id) => void store.handovers.send("watch", 0, { kind: "upload", id }, "{}", NOW, "unclaimed"),
    nothing_seen: (store, id) => void inspect(store, id, []),
    seen_and_left_open: (store, id) => {
      const inspection = inspect(store, id);
      store.handovers.send("detect", 0, { kind: "detected", id: inspection }, "{}", NOW, "unclaimed");
    },
    seen_and_on_its_way: (store, id) =>
      void store.handovers.send("detect", 0, { kind: "detected", id: inspect(store, id) }, "{}", NOW),
    in_an_open_batch: (store, id) => void batch(store, id),
    in_a_batch_on_its_way: (store, id) =>
      void store.handovers.send("batch", 0, { kind: "batch", id: close(store, batch(store, id)) }, "{}", NOW),
    in_a_batch_that_waits: (store, id) =>
      void store.jobs.queue(receipt(close(store, batch(store, id)), "nemotron-analyze"), "{}"),
    judged: (store, id) => {
      const batchId = close(store, batch(store, id));
      store.events.save("analyze", eventOf(`ev_${id}`, { batch_id: batchId }), true);
    },
  };
  const inspect = (store: Store, id: string, confidences = [0.9]) => {
    store.inspections.add("detect", detectedOf(`in_${id}`, uploadOf(id), confidences), AT);
    return `in_${id}`;
  };
  const batch = (store: Store, id: string) => {
    const camera = `camera_${id}`;
    const inspection_id = inspect(store, id);
    store.batches.join(
      {
        batch_id: `ba_${id}`,
        node_id: "batch",
        camera_id: camera,
        lane: "live",
        started_at: AT,
        ended_at: AT,
        detection_count: 1,
        opened_ms: NOW,
        due_ms: NOW,
        msg: "{}",
      },
      { inspection_id, detections: [] },
    );
    return `ba_${id}`;
  };
  const close = (store: Store, id: string) => {
    store.batches.close(id, "idle");
    return id;
  };

  const AGAIN = [
    "dead_at_detect",
    "in_a_batch_on_its_way",
    "in_a_batch_that_waits",
    "in_an_open_batch",
    "on_its_way_to_detect",
    "seen_and_on_its_way",
    "waiting_at_detect",
  ];

  it("looks again at what was still on its way, and counts the rest as there before", async () => {
    const folder = tempFolder();
    const store = openStore(folder);
    for (const [id, way] of Object.entries(ways)) {
      const upload = uploadOf(id);
      enterHanded(store, upload);
      way(store, id);
    }
    deepEqual(violations(join(folder, DATABASE_FILE)), []);
    await replace(folder, store);
    deepEqual(
      rows(folder, "SELECT upload_id FROM uploads WHERE state = 'found' ORDER BY upload_id").map(
        (row) => row.upload_id,
      ),
      AGAIN,
    );
    deepEqual(
      rows(
        folder,
        "SELECT state, count(*) n FROM uploads WHERE state <> 'found' AND reason IS NOT NULL GROUP BY state",
      ),
      [{ state: "baseline", n: Object.keys(ways).length - AGAIN.length }],
    );
    deepEqual(violations(join(folder, DATABASE_FILE)), []);
    deepEqual(leftovers(join(folder, DATABASE_FILE)), []);
  });

  it("cannot look again at what no folder has", async () => {
    const folder = tempFolder();
    const store = openStore(folder);
    store.uploads.adopt(uploadOf("up_1"));
    ways.waiting_at_detect?.(store, "up_1");
    await replace(folder, store);
    deepEqual(rows(folder, "SELECT state FROM uploads"), [{ state: "baseline" }]);
  });

  it("keeps a duplicate only of what is looked at again", async () => {
    const folder = tempFolder();
    const store = openStore(folder);
    const add = (id: string) => enterHanded(store, uploadOf(id));
    for (const original of ["waiting_at_detect", "nothing_seen"]) {
      add(original);
      ways[original]?.(store, original);
      add(`of_${original}`);
      store.uploads.markDuplicate(`of_${original}`, original, "dedupe");
      store.claims.claim("dedupe", uploadOf(original), 60_000);
    }
    await replace(folder, store);
    deepEqual(
      rows(folder, "SELECT upload_id, state, original_id FROM uploads WHERE upload_id LIKE 'of_%' ORDER BY 1"),
      [
        { upload_id: "of_nothing_seen", state: "baseline", original_id: null },
        { upload_id: "of_waiting_at_detect", state: "duplicate", original_id: "waiting_at_detect" },
      ],
    );
    deepEqual(rows(folder, "SELECT upload_id FROM claims"), [{ upload_id: "waiting_at_detect" }]);
    deepEqual(violations(join(folder, DATABASE_FILE)), []);
  });

  it("knows the files, folders and cameras that it knew", async () => {
    const folder = tempFolder();
    const store = openStore(folder);
    const rejected = uploadOf("up_rejected");
    const gone = uploadOf("up_gone");
    store.found.enter(seenOf("up_rejected"));
    const rejection = { cameraId: null, receivedAt: AT, reason: "BROKEN: it is broken" };
    store.found.reject("up_rejected", fileOf(rejected), rejection);
    enterHanded(store, gone);
    store.uploads.end("up_gone", "gone");
    store.cameras.claim("front_door", "Front door", AT, false);
    store.roots.watch(ROOT, NOW);
    store.roots.markBaselined(ROOT);
    const next = await replace(folder, store);
    equal(next.setAside?.backupFrom, AT);
    equal(next.uploads.has(fileOf(rejected)), true);
    deepEqual(rows(folder, "SELECT upload_id, state, reason FROM uploads ORDER BY upload_id"), [
      { upload_id: "up_gone", state: "gone", reason: null },
      { upload_id: "up_rejected", state: "rejected", reason: "BROKEN: it is broken" },
    ]);
    equal(next.roots.oldBefore(ROOT), null, "what comes now is new");
    equal(next.cameras.folderOf("front_door"), "Front door");
  });

  /** Two nights, of which the second knows one more camera, and then a corrupt database. */
  async function backUpTwice(folder: string): Promise<void> {
    const store = openStore(folder);
    store.found.enter(seenOf("up_waiting"));
    store.cameras.know("garden", AT);
    await backUp(folder, NOW - 1_000, new AbortController().signal);
    store.cameras.know("yard", AT);
    await backUp(folder, NOW, new AbortController().signal);
    store.close();
    breakFile(folder, DATABASE_FILE);
  }
  const breakFile = (folder: string, file: string) => writeFileSync(join(folder, file), "No database. ".repeat(1_000));

  for (const [what, lose] of [
    ["has gone", (database: string) => rmSync(database)],
    ["was emptied", (database: string) => truncateSync(database)],
  ] as const) {
    for (const backup of [BACKUP_FILE, PREVIOUS_BACKUP_FILE]) {
      it(`begins from ${backup} where the database ${what}`, async () => {
        const folder = tempFolder();
        await backUpTwice(folder);
        renameSync(join(folder, BACKUP_FILE), join(folder, backup));
        lose(join(folder, DATABASE_FILE));
        const next = openStore(folder);
        equal(next.setAside?.backupFrom, AT);
        deepEqual(next.cameras.ids(), ["garden", "yard"]);
        next.close();
        equal(openStore(folder).setAside, null);
      });
    }
  }

  it("knows the prompts that a node had, and the chosen one", async () => {
    const folder = tempFolder();
    const store = openStore(folder);
    const prompt = { version: "a", household: "Anna", house_rules: "", text: "Judge.", created_at: AT };
    store.prompts.add("analyze", prompt);
    store.prompts.choose("analyze", "a", "form");
    const after = await replace(folder, store);
    deepEqual(after.prompts.chosen("analyze", "form"), prompt);
  });

  it("makes an index anew that the backup has not got whole", async () => {
    const folder = tempFolder();
    await backUpTwice(folder);
    emptyIndex(join(folder, "backup"), "upload_found");
    const next = openStore(folder);
    deepEqual(next.cameras.ids(), ["garden", "yard"]);
    equal(next.found.count(ROOT), 1);
  });

  it("begins from the backup before where the last one is no better", async () => {
    const folder = tempFolder();
    await backUpTwice(folder);
    breakFile(folder, BACKUP_FILE);
    const next = openStore(folder);
    equal(next.setAside?.backupFrom, new Date(NOW - 1_000).toISOString());
    deepEqual(next.cameras.ids(), ["garden"]);
  });

  it("begins empty where no backup is better", async () => {
    const folder = tempFolder();
    await backUpTwice(folder);
    for (const file of [BACKUP_FILE, PREVIOUS_BACKUP_FILE]) breakFile(folder, file);
    const next = openStore(folder);
    equal(next.setAside?.backupFrom, null);
    deepEqual(next.cameras.ids(), []);
  });
});
