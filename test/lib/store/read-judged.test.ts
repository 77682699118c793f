import { deepEqual, equal, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { EventRecord } from "../../../lib/domain/event.ts";
import { readJudged } from "../../../lib/store/read-judged.ts";
import { DATABASE_FILE, Store } from "../../../lib/store/store.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { batchOf, eventOf, openStore, removeStores, startHolder, uploadOf } from "./support.ts";

const ALL = { last: 100, cameraId: null };
const PROMPT = { version: "9f86d081", household: "Anna.", house_rules: "", text: "You assess." };

describe("readJudged", () => {
  let folder: string;

  beforeEach(() => {
    folder = tempFolder();
  });
  afterEach(removeStores);

  /** An event with its batch, judged at the node. */
  function judge(store: Store, id: string, changes: Partial<EventRecord> = {}) {
    const event = eventOf(id, changes);
    const { camera_id } = event;
    const batch = { ...batchOf(event.batch_id, [uploadOf(`up_${id}`)]), camera_id, context: { zones: ["gate"] } };
    store.transaction((tables) => {
      tables.batches.adopt(batch, 0);
      tables.events.save("analyze", event, false);
      tables.judged.keep(id, batch);
    });
    return { event, batch };
  }
  const at = (minute: number) => `2026-11-20T12:0${minute}:00.000Z`;
  /** What is in the folder, byte by byte. */
  const contents = () =>
    readdirSync(folder).map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]);

  it("reads the last events with what they were judged on, and the prompts, the earliest event first", () => {
    const store = openStore(folder);
    const [second, third] = [
      judge(store, "ev_2", { started_at: at(2) }),
      judge(store, "ev_3", { started_at: at(3), camera_id: "garden" }),
    ];
    judge(store, "ev_1", { started_at: at(1) });
    store.prompts.add("analyze", { ...PROMPT, created_at: at(1) });
    store.prompts.add("trial", { ...PROMPT, version: "00000000", created_at: at(2) });

    const { events, leftOut, prompts } = readJudged(folder, { ...ALL, last: 2 });
    deepEqual(events, [second, third]);
    equal(leftOut, 0);
    deepEqual(
      prompts.map(({ version }) => version),
      ["00000000", "9f86d081"],
    );
    deepEqual(readJudged(folder, { ...ALL, cameraId: "garden" }).events, [third]);
  });

  it("counts the events of which the batch was not kept, and those that nobody can read", () => {
    const store = openStore(folder);
    judge(store, "ev_1");
    store.transaction((tables) => {
      tables.batches.adopt(batchOf("ba_ev_2", []), 0);
      tables.events.save("analyze", eventOf("ev_2"), false);
    });
    judge(store, "ev_3");
    const other = new Database(join(folder, DATABASE_FILE));
    other.exec("UPDATE events SET labels = '[' WHERE event_id = 'ev_3'");
    other.close();
    const { events, leftOut } = readJudged(folder, ALL);
    deepEqual([events.length, leftOut], [1, 2]);
  });

  it("reads beside another process that has it open, and does not keep it from going on", async () => {
    const store = openStore(folder);
    judge(store, "ev_1");
    store.close();
    const holder = await startHolder(folder);
    equal(holder.said, "open");
    equal(readJudged(folder, ALL).events.length, 1);
    await holder.kill();
    // Also of what a killed process has left.
    equal(readJudged(folder, ALL).events.length, 1);
  });

  it("sees what is only in the log yet", () => {
    const store = openStore(folder);
    judge(store, "ev_1");
    equal(readJudged(folder, ALL).events.length, 1);
    judge(store, "ev_2");
    equal(readJudged(folder, ALL).events.length, 2);
  });

  it("leaves a folder that nobody uses as it is", () => {
    const store = Store.open(folder);
    judge(store, "ev_1");
    store.close();
    const before = contents();
    equal(readJudged(folder, ALL).events.length, 1);
    deepEqual(contents(), before);
  });

  const setVersion = (version: number) => {
    const db = new Database(join(folder, DATABASE_FILE));
    db.pragma(`user_version = ${version}`);
    db.close();
  };
  const refusals: [name: string, code: string, message: RegExp, prepare: () => void][] = [
    ["a folder without a database", "STORE_MISSING", /no vigil\.db in /, () => {}],
    ["a newer database", "STORE_NEWER", /schema 99, .* use the newer Vigil/, () => setVersion(99)],
    ["an older database", "STORE_OLDER", /schema 0, .* start Node-RED/, () => setVersion(0)],
    [
      "what is no database",
      "STORE_UNUSABLE",
      /file is not a database/,
      () => writeFileSync(join(folder, DATABASE_FILE), "What is this?".repeat(100)),
    ],
  ];
  for (const [name, code, message, prepare] of refusals) {
    it(`refuses ${name}: ${code}`, () => {
      prepare();
      throws(() => readJudged(folder, ALL), { name: "StoreError", code, message });
    });
  }
});
