import { deepEqual, equal, throws } from "node:assert/strict";
import { join } from "node:path";
import Database from "better-sqlite3";
import { migrate } from "../../../lib/store/migrations.ts";
import { DATABASE_FILE } from "../../../lib/store/store.ts";
import { leftovers, violations } from "../../support/invariants.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, openStore, type Row, removeStores, startHolder, uploadOf } from "./support.ts";

/** What a row has where a test does not say. */
const DEFAULTS = {
  uploads: {
    camera_id: "front_door",
    path: "a.jpg",
    size: 1,
    mtime_ns: 0,
    sha256: "0",
    media_type: "image",
    captured_at: AT,
    received_at: AT,
    state: "handed",
  },
  inspections: {
    node_id: "detect",
    sha256: "0",
    outcome: "seen",
    frame_width: 1,
    frame_height: 1,
    detector: "d",
    inspected_at: AT,
  },
  batches: {
    node_id: "window",
    camera_id: "front_door",
    lane: "live",
    state: "closed",
    started_at: AT,
    ended_at: AT,
    detection_count: 1,
    fast_path: 0,
    opened_ms: 0,
  },
  batch_inspections: { node_id: "window", detections: "[]" },
  events: {
    node_id: "analyze",
    camera_id: "front_door",
    camera_name: "Front door",
    started_at: AT,
    ended_at: AT,
    revision: 1,
    final: 1,
    analysis: "none",
    summary: "",
    reasoning: "",
    entities: "[]",
    flags: "[]",
    labels: "[]",
    detection_count: 1,
    fast_path: 0,
    reviewed: 0,
    created_at: AT,
  },
  verdicts: {
    node_id: "analyze",
    camera_id: "front_door",
    final: 1,
    analysis: "none",
    summary: "",
    reasoning: "",
    entities: "[]",
    flags: "[]",
    created_at: AT,
  },
  judged_batches: { batch: "{}" },
  work: { node_id: "detect", stage: "detect", priority: 0, state: "done", created_ms: 0, msg: "{}" },
  handovers: { node_id: "n", port: 0, state: "air", msg: "{}", created_ms: 0 },
  outbox: { kind: "event", payload: "{}" },
} as const;

type Table = keyof typeof DEFAULTS;

/** One row to add, or to change where it names a row that is there. */
type Change = readonly [Table, Row] | string;

describe("violations", () => {
  let db: Database.Database;
  let keys = 0;

  beforeEach(() => {
    db = new Database(":memory:");
    db.pragma("foreign_keys = OFF");
    migrate(db);
    for (const change of HEALTHY) apply(change);
  });

  afterEach(() => {
    db.close();
    removeStores();
  });

  function apply(change: Change): void {
    if (typeof change === "string") {
      equal(db.prepare(change).run().changes, 1, change);
      return;
    }
    const [table, given] = change;
    keys += 1;
    const key = table === "work" ? { key: String(keys) } : table === "handovers" ? { handover_id: String(keys) } : {};
    const row: Row = { ...DEFAULTS[table], ...key, ...given };
    const columns = Object.keys(row);
    db.prepare(`INSERT INTO ${table}(${columns}) VALUES(${columns.map((column) => `:${column}`)})`).run(row);
  }

  it("finds none in a store in the middle of its work", () => {
    deepEqual(violations(db), []);
  });

  const planted: [string, string, ...Change[]][] = [
    ["an upload that nobody can account for", "an upload was handed on to nowhere", ["uploads", { upload_id: "up_x" }]],
    [
      "an upload that nobody can account for",
      "its message was taken, and there is no job",
      "UPDATE handovers SET state = 'taken' WHERE subject_id = 'up_air'",
    ],
    ["an upload that nobody can account for", "its job went away", "DELETE FROM work WHERE subject_id = 'up_queued'"],
    [
      "a finished detect job without its inspection",
      "a job of which nothing came",
      "UPDATE work SET state = 'done' WHERE subject_id = 'up_dead'",
      ["handovers", { kind: "upload", subject_id: "up_dead" }],
    ],
    [
      "a finished detect job without its inspection",
      "only another node inspected it",
      "UPDATE inspections SET node_id = 'other' WHERE inspection_id = 'in_nothing'",
    ],
    [
      "something seen, in no batch and not on its way",
      "the batch node took it and did not keep it",
      "UPDATE handovers SET state = 'taken' WHERE subject_id = 'in_air'",
    ],
    [
      "a closed batch with no event, no job and not on its way",
      "its message was never put into the air",
      "DELETE FROM handovers WHERE subject_id = 'ba_air'",
    ],
    [
      "a closed batch with no event, no job and not on its way",
      "its job is done without an event",
      "UPDATE work SET state = 'done' WHERE subject_id = 'ba_queued'",
    ],
    [
      "an event revision that is neither published nor in the outbox",
      "it was not queued with the event",
      "DELETE FROM outbox WHERE subject_id = 'ev_unsent'",
    ],
    [
      "an event revision that is neither published nor in the outbox",
      "only an older revision was published",
      "UPDATE events SET revision = 3 WHERE event_id = 'ev_sent'",
      "UPDATE verdicts SET revision = 3 WHERE event_id = 'ev_sent' AND revision = 2",
    ],
    [
      "an event that does not say what its newest verdict does",
      "its verdict was not kept",
      "DELETE FROM verdicts WHERE event_id = 'ev_unsent'",
    ],
    [
      "an event that does not say what its newest verdict does",
      "it says something else",
      "UPDATE events SET summary = 'Else.' WHERE event_id = 'ev_sent'",
    ],
    [
      "an event that does not say what its newest verdict does",
      "there is a later one",
      ["verdicts", { event_id: "ev_unsent", batch_id: "ba_done", revision: 2 }],
    ],
    [
      "an event of which nobody knows what it was judged on",
      "its batch was not kept",
      "DELETE FROM judged_batches WHERE event_id = 'ev_unsent'",
    ],
    [
      "a merged batch whose target is wrong or that kept members",
      "it kept a member",
      ["batch_inspections", { node_id: "other", inspection_id: "in_done", batch_id: "ba_merged" }],
    ],
    [
      "a merged batch whose target is wrong or that kept members",
      "its target is not there",
      "UPDATE batches SET merged_into = 'ba_x' WHERE batch_id = 'ba_merged'",
    ],
    [
      "a merged batch whose target is wrong or that kept members",
      "its target is merged itself",
      ["batches", { batch_id: "ba_chained", state: "merged", merged_into: "ba_merged" }],
    ],
    [
      "a merged batch whose target is wrong or that kept members",
      "its target is another camera's",
      "UPDATE batches SET camera_id = 'garden' WHERE batch_id = 'ba_merged'",
    ],
    [
      "a batch without members",
      "an open batch",
      ["batches", { batch_id: "ba_x", camera_id: "garden", state: "open", due_ms: 1 }],
    ],
    [
      "a batch without members",
      "a closed batch",
      ["batches", { batch_id: "ba_x" }],
      ["handovers", { kind: "batch", subject_id: "ba_x" }],
    ],
    [
      "a member in which nothing was seen",
      "an empty picture in a batch",
      ["batch_inspections", { inspection_id: "in_nothing", batch_id: "ba_done" }],
    ],
    [
      "a duplicate of something that came to nothing",
      "its original is not there",
      "UPDATE uploads SET original_id = 'up_x' WHERE upload_id = 'up_duplicate'",
    ],
    ...["up_gone", "up_superseded", "up_rejected", "up_baseline", "up_duplicate"].map(
      (original): [string, string, Change] => [
        "a duplicate of something that came to nothing",
        `its original is ${original}`,
        ["uploads", { upload_id: "up_x", state: "duplicate", original_id: original }],
      ],
    ),
    [
      "an inspected upload that is not handed over",
      "it counts as gone",
      "UPDATE uploads SET state = 'gone' WHERE upload_id = 'up_seen'",
    ],
  ];
  for (const [what, how, ...changes] of planted) {
    it(`finds ${what}: ${how}`, () => {
      for (const change of changes) apply(change);
      deepEqual(violations(db), [{ what, count: 1 }]);
    });
  }

  it("counts", () => {
    for (const upload_id of ["up_x", "up_y", "up_z"]) apply(["uploads", { upload_id }]);
    apply("DELETE FROM outbox WHERE subject_id = 'ev_unsent'");
    deepEqual(violations(db), [
      { what: "an upload that nobody can account for", count: 3 },
      { what: "an event revision that is neither published nor in the outbox", count: 1 },
    ]);
  });

  describe("leftovers", () => {
    const clear = [
      "UPDATE work SET state = 'done' WHERE state = 'queued'",
      "UPDATE handovers SET state = 'taken' WHERE state = 'air'",
      "UPDATE batches SET state = 'closed', due_ms = NULL WHERE state = 'open'",
      "DELETE FROM outbox",
    ];

    it("are counted by kind", () => {
      deepEqual(leftovers(db), [
        { what: "a queued job", count: 2 },
        { what: "a message in the air", count: 3 },
        { what: "an open batch", count: 1 },
        { what: "an unpublished record", count: 1 },
      ]);
    });

    for (const [index, what] of [
      "a queued job",
      "a message in the air",
      "an open batch",
      "an unpublished record",
    ].entries()) {
      it(`may be just ${what}`, () => {
        for (const sql of clear.toSpliced(index, 1)) db.exec(sql);
        deepEqual(
          leftovers(db).map((left) => left.what),
          [what],
        );
      });
    }

    it("are none at rest: what nobody took or what is dead is at rest", () => {
      for (const sql of clear) db.exec(sql);
      deepEqual(leftovers(db), []);
    });
  });

  describe("of a store", () => {
    it("are read from its file while it is open, and after", () => {
      const folder = tempFolder();
      const file = join(folder, DATABASE_FILE);
      const store = openStore(folder);
      deepEqual(violations(file), []);
      store.uploads.adopt(uploadOf("up_1"));
      const lost = [{ what: "an upload that nobody can account for", count: 1 }];
      deepEqual(violations(file), lost);
      store.transaction((tables) => {
        tables.uploads.end("up_1", "gone");
        deepEqual(violations(file), lost, "what is not committed does not count");
      });
      deepEqual(violations(file), []);
      store.close();
      deepEqual(violations(file), []);
      deepEqual(leftovers(file), []);
    });

    it("are read after the process that had it was killed", async () => {
      const folder = tempFolder();
      const holder = await startHolder(folder);
      await holder.kill();
      deepEqual(violations(join(folder, DATABASE_FILE)), [{ what: "an upload that nobody can account for", count: 1 }]);
    });

    it("are not looked for in a file that is not there", () => {
      throws(() => violations(join(tempFolder(), DATABASE_FILE)), /unable to open/);
    });
  });
});

/** A store in which every kind of record is at some point of its way. */
const HEALTHY: readonly Change[] = [
  ["uploads", { upload_id: "up_air" }],
  ["handovers", { kind: "upload", subject_id: "up_air" }],
  ["uploads", { upload_id: "up_left" }],
  ["handovers", { kind: "upload", subject_id: "up_left", state: "unclaimed" }],
  ["uploads", { upload_id: "up_queued" }],
  ["work", { subject_id: "up_queued", state: "queued" }],
  ["uploads", { upload_id: "up_dead" }],
  ["work", { subject_id: "up_dead", state: "dead" }],
  ["uploads", { upload_id: "up_gone", state: "gone" }],
  ["work", { subject_id: "up_gone", state: "dead" }],
  ["uploads", { upload_id: "up_superseded", state: "superseded" }],
  ["work", { subject_id: "up_superseded" }],
  ["uploads", { upload_id: "up_rejected", state: "rejected" }],
  ["uploads", { upload_id: "up_baseline", state: "baseline" }],

  ["uploads", { upload_id: "up_nothing" }],
  ["work", { subject_id: "up_nothing" }],
  ["inspections", { inspection_id: "in_nothing", upload_id: "up_nothing", outcome: "nothing" }],
  ["uploads", { upload_id: "up_duplicate", state: "duplicate", original_id: "up_nothing" }],

  ["uploads", { upload_id: "up_seen" }],
  ["work", { subject_id: "up_seen" }],
  ["inspections", { inspection_id: "in_done", upload_id: "up_seen", node_id: "detect" }],
  ["inspections", { inspection_id: "in_air", upload_id: "up_seen", node_id: "detect-2" }],
  ["handovers", { kind: "detected", subject_id: "in_air" }],
  ["inspections", { inspection_id: "in_left", upload_id: "up_seen", node_id: "detect-3" }],
  ["handovers", { kind: "detected", subject_id: "in_left", state: "unclaimed" }],

  ["batches", { batch_id: "ba_open", state: "open", due_ms: 1 }],
  ["batches", { batch_id: "ba_air" }],
  ["handovers", { kind: "batch", subject_id: "ba_air" }],
  ["batches", { batch_id: "ba_queued" }],
  ["work", { subject_id: "ba_queued", node_id: "analyze", stage: "nemotron-analyze", state: "queued" }],
  ["batches", { batch_id: "ba_dead" }],
  ["work", { subject_id: "ba_dead", node_id: "analyze", stage: "nemotron-analyze", state: "dead" }],
  ["batches", { batch_id: "ba_done" }],
  ["batches", { batch_id: "ba_sent" }],
  ["batches", { batch_id: "ba_merged", state: "merged", merged_into: "ba_done" }],
  ["batches", { batch_id: "ba_foreign", state: "foreign" }],
  ...["ba_open", "ba_air", "ba_queued", "ba_dead", "ba_done", "ba_sent"].map(
    (batch_id): Change => ["batch_inspections", { node_id: batch_id, inspection_id: "in_done", batch_id }],
  ),

  ["events", { event_id: "ev_unsent", batch_id: "ba_done" }],
  ["verdicts", { event_id: "ev_unsent", batch_id: "ba_done", revision: 1 }],
  ["judged_batches", { event_id: "ev_unsent" }],
  ["outbox", { subject_id: "ev_unsent", revision: 1 }],
  ["events", { event_id: "ev_sent", batch_id: "ba_sent", revision: 2, published_revision: 2 }],
  ["verdicts", { event_id: "ev_sent", batch_id: "ba_sent", revision: 1, final: 0, analysis: "rules", risk_score: 5 }],
  ["verdicts", { event_id: "ev_sent", batch_id: "ba_sent", revision: 2 }],
  ["verdicts", { event_id: "ev_sent", batch_id: "ba_sent", revision: null, reasoning: "It did not replace it." }],
  ["judged_batches", { event_id: "ev_sent" }],
  ["events", { event_id: "ev_foreign", batch_id: "ba_foreign", node_id: "alert" }],
  ["verdicts", { event_id: "ev_foreign", batch_id: "ba_foreign", node_id: "ev_foreign", revision: 1 }],
];
