import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import type { Upload } from "../../../lib/domain/upload.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import { SiteBus } from "../../../lib/site/bus.ts";
import { dedupeStage } from "../../../lib/site/dedupe.ts";
import { airHeir } from "../../../lib/site/heirs.ts";
import type { InstantStage } from "../../../lib/site/stage.ts";
import { DATABASE_FILE, type Store } from "../../../lib/store/store.ts";
import { violations } from "../../support/invariants.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { enterHanded, openStore, removeStores, rows, sha, uploadOf } from "../store/support.ts";

const SUBJECT = { kind: "upload", id: "up_1" } as const;

describe("airHeir", () => {
  let folder: string;
  let store: Store;
  const closing = new AbortController();
  const bus = new SiteBus({ debug() {}, info() {}, warn() {}, error() {} });
  const aired: [string, string][] = [];

  beforeEach(() => {
    folder = tempFolder();
    store = openStore(folder);
  });
  before(() => bus.on("aired", closing.signal, (...event) => aired.push(event)));
  afterEach(() => {
    aired.splice(0);
    removeStores();
  });
  after(() => closing.abort());

  const upload = (id: string) => uploadOf(id, { sha256: sha("content") });

  /** Has an upload pass a dedupe node; the answer is the port that it leaves by. */
  function pass(id: string, nodeId = "dedupe"): number | undefined {
    return settle(upload(id), nodeId, dedupeStage({ nodeId, windowMs: 60_000, clock: systemClock }).settle);
  }

  /** Has a picture with content of its own pass that looks like this. */
  async function show(id: string, hash: string): Promise<number | undefined> {
    const likenessOf = async () => ({ hash, limit: 4 });
    const stage = dedupeStage({ nodeId: "dedupe", windowMs: 60_000, clock: systemClock, likenessOf });
    const prepare = stage.prepare?.(uploadOf(id));
    ok(prepare);
    return settle(uploadOf(id), "dedupe", await prepare());
  }

  function settle(upload: Upload, nodeId: string, by: InstantStage<Upload>["settle"]): number | undefined {
    return store.transaction((tables) => {
      enterHanded(store, upload);
      const outputs = by(upload, {}, tables);
      for (const { port, subject } of outputs) if (subject) tables.handovers.send(nodeId, port, subject, "{}", 0);
      return outputs[0]?.port;
    });
  }

  function end(id: string, what: "gone" | "superseded" | "skipped"): void {
    store.transaction((tables) => {
      tables.uploads.end(id, what);
      airHeir(tables, { bus, clock: systemClock }, id);
      deepEqual(aired, [], "not before the commit");
    });
    deepEqual(violations(join(folder, DATABASE_FILE)), []);
  }

  for (const what of ["gone", "superseded", "skipped"] as const) {
    it(`has the first duplicate of an upload that is ${what} looked at in its place`, () => {
      deepEqual([pass("up_1"), pass("up_2"), pass("up_3")], [0, 1, 1]);
      store.handovers.answer(null, SUBJECT, 1);
      end("up_1", what);
      equal(aired.length, 1);
      const [[nodeId = "", handover = ""] = []] = aired;
      equal(nodeId, "dedupe");
      const message = store.handovers.get(handover);
      equal(message?.port, 0);
      deepEqual(JSON.parse(message?.msg ?? ""), {
        topic: "front_door",
        payload: upload("up_2"),
        filename: "/ftp/Front door/up_2.jpg",
      });
      deepEqual(rows(folder, "SELECT upload_id, state, original_id, suppressed_by FROM uploads ORDER BY upload_id"), [
        { upload_id: "up_1", state: what, original_id: null, suppressed_by: null },
        { upload_id: "up_2", state: "handed", original_id: null, suppressed_by: null },
        { upload_id: "up_3", state: "duplicate", original_id: "up_2", suppressed_by: "dedupe" },
      ]);
      equal(pass("up_4"), 1);
      deepEqual(rows(folder, "SELECT original_id FROM uploads WHERE upload_id = 'up_4'"), [{ original_id: "up_2" }]);
    });
  }

  it("goes on to the next where the heir comes to nothing, too", () => {
    for (const id of ["up_1", "up_2", "up_3"]) pass(id);
    end("up_1", "gone");
    aired.splice(0);
    end("up_2", "gone");
    equal(aired.length, 1);
    aired.splice(0);
    end("up_3", "gone");
    deepEqual(aired, []);
    equal(pass("up_4"), 0);
  });

  it("has the first picture looked at that only looked like the one that came to nothing", async () => {
    deepEqual([await show("up_1", "0000000000000000"), await show("up_2", "0000000000000007")], [0, 1]);
    equal(await show("up_3", "0000000000000001"), 1);
    const distances = () =>
      rows(folder, "SELECT upload_id, state, original_id, distance FROM uploads ORDER BY upload_id").map(Object.values);
    deepEqual(distances(), [
      ["up_1", "handed", null, null],
      ["up_2", "duplicate", "up_1", 3],
      ["up_3", "duplicate", "up_1", 1],
    ]);
    store.handovers.answer(null, SUBJECT, 1);
    end("up_1", "gone");
    equal(aired.length, 1);
    equal(JSON.parse(store.handovers.get(aired[0]?.[1] ?? "")?.msg ?? "").payload.upload_id, "up_2");
    deepEqual(distances(), [
      ["up_1", "gone", null, null],
      ["up_2", "handed", null, null],
      ["up_3", "duplicate", "up_2", 1],
    ]);
    // Compared with what the first of the burst looked like.
    deepEqual([await show("up_4", "000000000000000f"), await show("up_5", "000000000000001f")], [1, 0]);
    deepEqual(distances()[3], ["up_4", "duplicate", "up_2", 4]);
  });

  it("lets the same content pass that comes after its end", () => {
    pass("up_1");
    end("up_1", "gone");
    deepEqual([pass("up_2"), pass("up_3")], [0, 1]);
  });

  it("has the heir sent in each branch of the flow in which it was a duplicate", () => {
    for (const id of ["up_1", "up_2"]) for (const branch of ["first", "second"]) pass(id, branch);
    pass("up_2", "third");
    end("up_1", "gone");
    deepEqual(aired.map(([nodeId]) => nodeId).sort(), ["first", "second"]);
  });

  it("has the node that held the heir back send it", () => {
    pass("up_1", "first");
    pass("up_2", "first");
    end("up_1", "gone");
    deepEqual(
      aired.map(([nodeId]) => nodeId),
      ["first"],
    );
  });
});
