import { deepEqual, equal, throws } from "node:assert/strict";
import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import type { EventRecord } from "../../../lib/domain/event.ts";
import { VerdictRecord } from "../../../lib/domain/verdict.ts";
import { DATABASE_FILE, type Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { AT, batchOf, eventOf, openStore, openWithConnection, removeStores, rows } from "./support.ts";

const NODE = "analyze";

describe("Events", () => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
  });

  afterEach(removeStores);

  /** Saves an event, and its batch where that is missing. */
  function save(event: EventRecord, publish = true): EventRecord | null {
    return store.transaction((tables) => {
      tables.batches.adopt(batchOf(event.batch_id, []), 0);
      return tables.events.save(NODE, event, publish);
    });
  }

  function outbox(): unknown[] {
    return rows(folder, "SELECT kind, subject_id, revision, payload FROM outbox ORDER BY seq").map((row) => ({
      ...row,
      payload: JSON.parse(String(row.payload)),
    }));
  }

  const estimate = eventOf("ev_1", { final: false, analysis: "rules", summary: "An estimate.", risk_score: 40 });
  const verdict = eventOf("ev_1", { summary: "A verdict.", created_at: "2026-11-20T13:00:00.000Z" });
  const unjudged = eventOf("ev_1", { analysis: "none", risk_score: null, risk_level: null, model: null });

  describe("revisions", () => {
    it("counts a verdict after an estimate as the second", () => {
      deepEqual(save(estimate), estimate);
      const expected = { ...verdict, revision: 2, created_at: AT };
      deepEqual(save(verdict), expected);
      deepEqual(store.events.get("ev_1"), expected);
    });

    it("changes nothing where an estimate comes after a verdict", () => {
      save(verdict);
      equal(save(estimate), null);
      deepEqual(store.events.get("ev_1"), verdict);
      equal(outbox().length, 1);
    });

    it("counts another verdict as the next", () => {
      save(estimate);
      save(verdict);
      equal(save({ ...verdict, risk_score: 90, risk_level: "critical" })?.revision, 3);
      const { revision, risk_score, risk_level } = store.events.get("ev_1") ?? estimate;
      deepEqual({ revision, risk_score, risk_level }, { revision: 3, risk_score: 90, risk_level: "critical" });
    });

    it("counts another estimate as the next", () => {
      save(estimate);
      equal(save({ ...estimate, risk_score: 41 })?.revision, 2);
    });

    it("counts from the store, whatever the new event says", () => {
      save(estimate);
      equal(save({ ...verdict, revision: 17 })?.revision, 2);
    });

    it("takes back a score that a later verdict does not have", () => {
      save(estimate);
      save(unjudged);
      const { risk_score, risk_level, analysis } = store.events.get("ev_1") ?? estimate;
      deepEqual({ risk_score, risk_level, analysis }, { risk_score: null, risk_level: null, analysis: "none" });
    });

    it("never takes a model's verdict back for one that nobody or only rules have made", () => {
      save(verdict);
      for (const lesser of [unjudged, { ...estimate, final: true }]) equal(save(lesser), null);
      deepEqual(store.events.get("ev_1"), verdict);
      equal(outbox().length, 1);
    });

    it("replaces what nobody judged by what rules judged, and that by a model's verdict", () => {
      save(unjudged);
      equal(save({ ...estimate, final: true })?.revision, 2);
      equal(save(verdict)?.revision, 3);
    });

    it("keeps the picture that it has", () => {
      save({ ...estimate, picture_path: "/data/pictures/1.jpg" });
      equal(save({ ...verdict, picture_path: null })?.picture_path, "/data/pictures/1.jpg");
      equal(save({ ...verdict, picture_path: "/data/pictures/2.jpg" })?.picture_path, "/data/pictures/1.jpg");
    });

    it("takes a picture where it has none", () => {
      save(estimate);
      equal(save({ ...verdict, picture_path: "/data/pictures/1.jpg" })?.picture_path, "/data/pictures/1.jpg");
    });

    it("answers the event as it stands: that it was reviewed stays", () => {
      save({ ...estimate, reviewed: true });
      const answer = save(verdict);
      equal(store.events.get("ev_1")?.reviewed, true);
      deepEqual(answer, store.events.get("ev_1"));
    });
  });

  describe("verdicts", () => {
    const kept = () => store.verdicts.ofBatch("ba_ev_1");
    const told = () => kept().map(({ revision, summary, node_id }) => [revision, summary, node_id]);

    it("are kept, each with its revision and the time of its judgement", () => {
      save(estimate);
      save(verdict);
      const { created_at } = verdict;
      deepEqual(
        kept(),
        [estimate, { ...verdict, revision: 2, created_at }].map((event) =>
          VerdictRecord.parse({ ...event, node_id: NODE }),
        ),
      );
    });

    it("are kept where they do not replace the event's, without a revision", () => {
      save(verdict);
      save({ ...unjudged, summary: "Unusable." });
      deepEqual(told(), [
        [null, "Unusable.", NODE],
        [1, "A verdict.", NODE],
      ]);
    });

    it("leave out an estimate that came too late", () => {
      save(verdict);
      save(estimate);
      deepEqual(told(), [[1, "A verdict.", NODE]]);
    });

    it("are those of all nodes that judged the batch", () => {
      save(verdict);
      const second = eventOf("ev_2", { batch_id: "ba_ev_1", summary: "Another's.", created_at: verdict.created_at });
      store.transaction((tables) => tables.events.save("other", second, false));
      deepEqual(told(), [
        [1, "A verdict.", NODE],
        [1, "Another's.", "other"],
      ]);
    });

    it("are one act with storing", () => {
      const { store: full, connection } = openWithConnection();
      connection.exec("CREATE TRIGGER no_room BEFORE INSERT ON verdicts BEGIN SELECT raise(ABORT, 'no room'); END");
      full.batches.adopt(batchOf(verdict.batch_id, []), 0);
      throws(() => full.transaction((tables) => tables.events.save(NODE, verdict, true)), /no room/);
      equal(full.events.get("ev_1"), undefined);
    });
  });

  describe("publishing", () => {
    it("queues each stored revision as it stood, in order", () => {
      save(estimate);
      save(verdict);
      deepEqual(outbox(), [
        { kind: "event", subject_id: "ev_1", revision: 1, payload: estimate },
        { kind: "event", subject_id: "ev_1", revision: 2, payload: { ...verdict, revision: 2, created_at: AT } },
      ]);
    });

    it("queues nothing where the node does not publish", () => {
      save(estimate, false);
      save(verdict, false);
      deepEqual(outbox(), []);
    });

    it("is one act with storing", () => {
      throws(
        () =>
          store.transaction((tables) => {
            tables.batches.adopt(batchOf(verdict.batch_id, []), 0);
            tables.events.save(NODE, verdict, true);
            throw new Error("a bug");
          }),
        /a bug/,
      );
      equal(store.events.get("ev_1"), undefined);
      deepEqual(outbox(), []);
    });

    it("stores nothing where it cannot be queued", () => {
      const { store: full, connection } = openWithConnection();
      connection.exec("CREATE TRIGGER no_room BEFORE INSERT ON outbox BEGIN SELECT raise(ABORT, 'no room'); END");
      throws(
        () =>
          full.transaction((tables) => {
            tables.batches.adopt(batchOf(verdict.batch_id, []), 0);
            tables.events.save(NODE, verdict, true);
          }),
        /no room/,
      );
      equal(full.events.get("ev_1"), undefined);
    });
  });

  it("keeps every field", () => {
    const text = fc.string();
    const time = fc
      .date({ min: new Date(0), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true })
      .map((date) => date.toISOString());
    const judged = fc.oneof(
      fc.record({
        analysis: fc.constantFrom("model", "rules"),
        risk_score: fc.integer({ min: 0, max: 100 }),
        risk_level: fc.constantFrom("low", "medium", "high", "critical"),
      }),
      fc.constant({ analysis: "none", risk_score: null, risk_level: null } as const),
    );
    const rest = fc.record({
      camera_id: fc.stringMatching(/^[a-z0-9_]{1,64}$/),
      camera_name: text,
      started_at: time,
      ended_at: time,
      revision: fc.integer({ min: 1, max: 2 ** 31 }),
      final: fc.boolean(),
      summary: text,
      reasoning: text,
      recommended_action: fc.option(text),
      entities: fc.array(
        fc.record(
          { type: text, description: text, threat_level: fc.constantFrom("low", "medium", "high") },
          { noNullPrototype: true },
        ),
        { maxLength: 10 },
      ),
      flags: fc.array(
        fc.record(
          { type: text, description: text, severity: fc.constantFrom("warning", "alert", "critical") },
          { noNullPrototype: true },
        ),
        { maxLength: 10 },
      ),
      confidence: fc.option(fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs)),
      labels: fc.array(text),
      detection_count: fc.nat(),
      fast_path: fc.boolean(),
      thumbnail_path: fc.option(text),
      model: fc.option(text),
      prompt_version: fc.option(text),
      prompt_tokens: fc.option(fc.nat()),
      completion_tokens: fc.option(fc.nat()),
      cached_tokens: fc.option(fc.nat()),
      latency_ms: fc.option(fc.nat()),
      reviewed: fc.boolean(),
      created_at: time,
    });
    const memory = openStore(null);
    let count = 0;
    fc.assert(
      fc.property(judged, rest, (verdictPart, restPart) => {
        count += 1;
        const event: EventRecord = { ...eventOf(`ev_${count}`), ...restPart, ...verdictPart };
        memory.batches.adopt(batchOf(event.batch_id, []), 0);
        deepEqual(memory.events.save(NODE, event, false), event);
        deepEqual(memory.events.get(event.event_id), event);
        deepEqual(memory.verdicts.ofBatch(event.batch_id), [VerdictRecord.parse({ ...event, node_id: NODE })]);
      }),
    );
  });

  it("refuses what is no event, before it writes", () => {
    throws(() => save(eventOf("ev_1", { risk_score: 101 })), { name: "ZodError" });
    throws(() => save(eventOf("ev_1", { event_id: "" })), { name: "ZodError" });
    equal(store.events.get("ev_1"), undefined);
  });

  it("refuses a score without a level, and a score that nobody gave", () => {
    for (const wrong of [
      { risk_level: null },
      { risk_score: null },
      { analysis: "none" },
      { analysis: "model", risk_score: null, risk_level: null },
    ] as const) {
      throws(() => save(eventOf("ev_1", wrong)), { code: "SQLITE_CONSTRAINT_CHECK" });
    }
    equal(store.events.get("ev_1"), undefined);
  });

  it("normalises times, so that comparing them as text orders them", () => {
    save(eventOf("ev_1", { started_at: "2026-11-20T13:00:00+01:00" }));
    equal(store.events.get("ev_1")?.started_at, AT);
  });

  describe("adopt", () => {
    function adopt(event: EventRecord): void {
      store.transaction((tables) => {
        tables.batches.adoptOf({ ...event, detections: [] }, 0);
        tables.events.adopt(event);
      });
    }

    it("enters an event from elsewhere with its own revision, and publishes nothing", () => {
      const event = eventOf("ev_1", { revision: 5 });
      adopt(event);
      deepEqual(store.events.get("ev_1"), event);
      deepEqual(outbox(), []);
    });

    it("leaves an event that is known as it is", () => {
      save(verdict);
      adopt({ ...verdict, summary: "Something else." });
      deepEqual(store.events.get("ev_1"), verdict);
    });

    it("takes two nodes' verdicts on one batch", () => {
      adopt(eventOf("ev_1", { batch_id: "ba_1" }));
      adopt(eventOf("ev_2", { batch_id: "ba_1" }));
      equal(store.events.get("ev_2")?.batch_id, "ba_1");
    });
  });

  describe("latestPublished", () => {
    let unreadable: string[];
    const latest = () => {
      unreadable = [];
      return store.events.latestPublished((id) => unreadable.push(id));
    };

    it("has the newest published event of each camera", () => {
      const later = "2026-11-20T12:00:01.000Z";
      const events = [
        eventOf("ev_1", { camera_id: "garden", started_at: AT }),
        eventOf("ev_2", { camera_id: "garden", started_at: later }),
        eventOf("ev_3", { camera_id: "yard", started_at: AT }),
        eventOf("ev_4", { camera_id: "gate", started_at: AT }),
      ];
      for (const event of events) save(event);
      deepEqual(latest(), []);
      for (const id of ["ev_1", "ev_3"]) store.events.markPublished(id, 1);
      deepEqual(ids(), ["ev_1", "ev_3"]);
      store.events.markPublished("ev_2", 1);
      deepEqual(ids(), ["ev_2", "ev_3"]);
      deepEqual(latest()[0], events[1]);
    });

    it("goes on without one that cannot be read any more, and names it", () => {
      for (const id of ["ev_1", "ev_2"]) {
        save(eventOf(id, { camera_id: id }));
        store.events.markPublished(id, 1);
      }
      const db = new Database(join(folder, DATABASE_FILE));
      db.exec("UPDATE events SET labels = 'spoilt' WHERE event_id = 'ev_1'");
      db.close();
      deepEqual(ids(), ["ev_2"]);
      deepEqual(unreadable, ["ev_1"]);
    });

    it("names one where two began at the same time", () => {
      for (const id of ["ev_1", "ev_2"]) {
        save(eventOf(id));
        store.events.markPublished(id, 1);
      }
      deepEqual(ids(), ["ev_2"]);
    });

    function ids(): string[] {
      return latest()
        .map(({ event_id }) => event_id)
        .sort();
    }
  });

  it("remembers the highest revision that was published", () => {
    save(estimate);
    save(verdict);
    const published = () => rows(folder, "SELECT published_revision FROM events")[0]?.published_revision;
    equal(published(), null);
    store.events.markPublished("ev_1", 2);
    equal(published(), 2);
    store.events.markPublished("ev_1", 1);
    equal(published(), 2);
  });
});
