import { equal, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { Checkpoints } from "../../../lib/store/checkpoints.ts";
import { DATABASE_FILE, Store } from "../../../lib/store/store.ts";
import { eventually } from "../../support/eventually.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";

const Journal = z.tuple([z.object({ log: z.int(), checkpointed: z.int() })]);
/** Fewer than those at which a commit would copy the journal itself, more than what the thread waits for. */
const PAGES = 2_500;
const PAGE_BYTES = 4_096;

describe("checkpoints", () => {
  let folder: string;
  let store: Store;

  beforeEach(() => {
    folder = tempFolder();
    store = Store.open(folder);
  });
  after(removeTempFolders);

  /** In commits of a page or a few. */
  function write() {
    const receipt = { nodeId: "n", stage: "s", subjectId: null, cameraId: "", priority: 0, now: 0 };
    for (let n = 0; n < PAGES / 2; n++) {
      store.transaction(({ jobs }) => jobs.queue({ ...receipt, key: `${n}` }, "x".repeat(PAGE_BYTES)));
    }
  }

  it("are made from a thread once there is enough in the journal", async () => {
    const beside = new Database(join(folder, DATABASE_FILE));
    const journal = () => Journal.parse(beside.pragma("wal_checkpoint(NOOP)"))[0];
    const before = journal();
    equal(before.checkpointed, 0);
    write();
    ok(journal().log > 1_000);
    await eventually(() => journal().checkpointed > 1_000, "a checkpoint");
    await store.catchUp();
    const { log, checkpointed } = journal();
    ok(log - checkpointed < 1_000);
    beside.close();
    store.close();
  });

  it("leave the database before its store has closed, which then is the last", async () => {
    write();
    store.close();
    equal(existsSync(join(folder, `${DATABASE_FILE}-wal`)), false);
  });

  it("keep nobody waiting where they cannot be made", async () => {
    store.close();
    const checkpoints = new Checkpoints(join(folder, "no.db"));
    await Promise.all([checkpoints.look(), checkpoints.look()]);
    await checkpoints.look();
    checkpoints.close();
  });
});
