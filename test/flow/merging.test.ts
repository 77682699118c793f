/** What happens to a camera's batches while the model has no time for them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import Database from "better-sqlite3";
import { SecurityEvent } from "../../lib/domain/event.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { leftovers, violations } from "../support/invariants.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { scene } from "../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const VERDICT = { risk_score: 20, summary: "A person", reasoning: "One person", recommended_action: null };
const PERSON = { class: "person", confidence: 0.8, bbox: { x: 100, y: 40, width: 60, height: 120 } };

describe("a model that lags", () => {
  let detector: DetectorServer;
  let llm: LlmServer;
  let flow: Flow;
  let store: string;

  beforeEach(async () => {
    const folder = tempFolder();
    store = join(folder, "data", "vigil.db");
    detector = await startDetectorServer();
    detector.answer([PERSON]);
    llm = await startLlmServer();
    flow = await startFlow([
      { id: "site", type: "vigil-site", dataDir: join(folder, "data"), timeZone: "UTC" },
      { id: "detect", type: "detect", site: "site", url: detector.url, wires: [["batch"], [], []] },
      { id: "batch", type: "batch-window", site: "site", idle: "0", wires: [["analyze"], []] },
      { id: "analyze", type: "nemotron-analyze", site: "site", url: llm.url, estimate: "never", wires: [["out"], []] },
      { id: "out", type: "helper" },
    ]);
  });
  afterEach(async () => {
    await flow.stop();
    await Promise.all([detector.close(), llm.close()]);
  });
  after(removeTempFolders);

  const waiting = (): number => {
    const db = new Database(store, { readonly: true });
    try {
      const sql = "SELECT count(*) FROM work WHERE stage = 'nemotron-analyze' AND state = 'queued'";
      return db.prepare<[], number>(sql).pluck().get() ?? 0;
    } finally {
      db.close();
    }
  };

  it("judges a camera's waiting batches as one, and says which", async () => {
    const free = Promise.withResolvers<void>();
    llm.answer(async () => {
      await free.promise;
      return VERDICT;
    });
    const cameras = ["porch", "porch", "porch", "yard", "porch"];
    for (const [seed, topic] of cameras.entries()) {
      flow.send("detect", { topic, payload: await scene(null, { seed }) });
      await eventually(() => waiting() === seed + 1, "a batch to wait");
    }
    free.resolve();
    const events = await eventually(() => {
      const all = flow.inbox("out").messages.map(({ payload }) => SecurityEvent.parse(payload));
      return all.length === 3 && all;
    }, "three events");
    assert.deepEqual(
      events.map(({ camera_id, detection_count, merged = [] }) => [camera_id, detection_count, merged.length]).sort(),
      [
        ["porch", 1, 0],
        ["porch", 3, 2],
        ["yard", 1, 0],
      ],
    );
    assert.equal(llm.requests.length, 3);
    await eventually(() => leftovers(store).length === 0, "rest");
    // Without a broker nothing is published.
    assert.deepEqual(
      violations(store).filter(({ what }) => !what.includes("published")),
      [],
    );
  });
});
