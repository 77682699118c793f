/** What a deploy does to work that is under way: nothing is lost and nothing is done twice, whatever happens to its node. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { FlowMessage } from "../../lib/domain/message.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { leftovers, violations } from "../support/invariants.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { scene } from "../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PERSON = { class: "person", confidence: 0.8, bbox: { x: 100, y: 40, width: 60, height: 120 } };
const VERDICT = { reasoning: "r", summary: "s", risk_score: 50, recommended_action: "" };

describe("work under way", function () {
  this.timeout(30_000);
  let folder: string;
  let detector: DetectorServer;
  let llm: LlmServer;
  let broker: Broker;
  let flow: Flow;

  before(async () => {
    broker = await startBroker();
  });
  after(async () => {
    removeTempFolders();
    await broker.stop();
  });
  beforeEach(async () => {
    folder = tempFolder();
    detector = await startDetectorServer();
    detector.answer([PERSON]);
    llm = await startLlmServer();
  });
  afterEach(async () => {
    await flow.stop();
    await Promise.all([detector.close(), llm.close()]);
  });

  const storePath = () => join(folder, "data", "vigil.db");
  const query = (sql: string): unknown[][] => {
    const db = new Database(storePath(), { readonly: true });
    try {
      return db.prepare<[], unknown[]>(sql).raw().all();
    } finally {
      db.close();
    }
  };
  const node = (type: string, wires: string[][], changes: Partial<NodeConfig> = {}): NodeConfig => ({
    id: type,
    type,
    site: "site",
    wires,
    ...changes,
  });
  const site = (): NodeConfig => ({
    id: "site",
    type: "vigil-site",
    dataDir: join(folder, "data"),
    timeZone: "UTC",
    mqttUrl: broker.url,
  });
  const watch = (changes: Partial<NodeConfig> = {}) =>
    node("foscam-watch", [["detect"], [], ["answers"]], { folder: join(folder, "cameras"), ...changes });
  const detect = (changes: Partial<NodeConfig> = {}) =>
    node("detect", [["batch-window"], [], ["answers"]], {
      url: detector.url,
      camera: "porch",
      concurrency: "1",
      ...changes,
    });
  const batch = (changes: Partial<NodeConfig> = {}) =>
    node("batch-window", [["nemotron-analyze"], ["answers"]], { idle: "0", ...changes });
  const analyze = (changes: Partial<NodeConfig> = {}) =>
    node("nemotron-analyze", [["events"], ["answers"]], { url: llm.url, ...changes });
  const helpers: NodeConfig[] = ["events", "answers"].map((id) => ({ id, type: "helper" }));
  const pipeline = (): NodeConfig[] => [site(), detect(), batch(), analyze(), ...helpers];
  const without = (...ids: string[]) => pipeline().filter(({ id }) => !ids.includes(id));
  /** The pipeline with one node in another form, to which the wires lead. */
  const withOther = (old: string, changes: Partial<NodeConfig>): NodeConfig[] =>
    pipeline().map(({ wires, ...each }) => ({
      ...each,
      ...(each.id === old && changes),
      ...(wires && { wires: wires.map((ids) => ids.map((id) => (id === old ? String(changes.id ?? id) : id))) }),
    }));

  const drop = async (name: string, seed = 0) => {
    mkdirSync(join(folder, "cameras", "porch"), { recursive: true });
    writeFileSync(join(folder, "cameras", "porch", name), await scene(null, { seed }));
  };
  const events = () => flow.inbox("events").messages.map(({ payload }) => payload as Record<string, unknown>);
  const count = (sql: string) => Number(query(`SELECT count(*) FROM ${sql}`)[0]?.[0]);
  const command = async (nodeId: string, message: FlowMessage): Promise<Record<string, unknown>> => {
    const before = flow.inbox("answers").messages.length;
    flow.send(nodeId, message);
    const answer = await eventually(() => flow.inbox("answers").messages[before], `an answer of ${nodeId}`);
    return answer.payload as Record<string, unknown>;
  };
  /**
   * Everything has come to rest: each of so many pictures at one inspection, in a batch of its own, and each batch at one
   * event, but for those that were merged because the model lagged, as it may on a busy machine.
   */
  const atRest = async (pictures: number) => {
    await eventually(() => count("batches") === pictures, "all batches");
    await eventually(() => leftovers(storePath()).length === 0, "the end of all work");
    assert.deepEqual(violations(storePath()), []);
    assert.equal(count("inspections"), pictures);
    const judged = count("batches WHERE merged_into IS NULL");
    assert.deepEqual([count("events"), count("events WHERE final = 1")], [judged, judged]);
    assert.equal(events().filter(({ final }) => final).length, judged, "each event left once");
  };

  /** A node is in the midst of its work, with more waiting. Answers how to let it go on. */
  const inTheMidst = async (stage: "detect" | "nemotron-analyze"): Promise<() => void> => {
    const server = stage === "detect" ? detector : llm;
    server.misbehave("never");
    flow = await startFlow(pipeline());
    for (let seed = 1; seed <= 3; seed++)
      flow.send("detect", { topic: `camera ${seed}`, payload: await scene(null, { seed }) });
    await eventually(() => server.requests.length > 0, `${stage} at work`);
    await eventually(() => count(`work WHERE stage = '${stage}' AND state = 'queued'`) === 3, "the others waiting");
    return () => server.misbehave(null);
  };

  for (const stage of ["detect", "nemotron-analyze"] as const) {
    describe(`of ${stage}`, () => {
      for (const type of ["full", "flows", "nodes"] as const) {
        it(`goes on after a deploy of ${type}`, async () => {
          const goOn = await inTheMidst(stage);
          await flow.deploy(withOther(stage, { timeout: "20" }), type);
          goOn();
          await atRest(3);
        });
      }

      it("waits while its node is disabled", async () => {
        const goOn = await inTheMidst(stage);
        await flow.deploy(withOther(stage, { d: true }), "nodes");
        goOn();
        assert.equal(count(`work WHERE stage = '${stage}' AND state = 'queued'`), 3);
        await flow.deploy(pipeline(), "nodes");
        await atRest(3);
      });

      it("goes on at the node that is imported in its place, in the same deploy", async () => {
        const goOn = await inTheMidst(stage);
        await flow.deploy(withOther(stage, { id: "imported" }), "nodes");
        goOn();
        await atRest(3);
      });

      it("goes on at the node that is imported a deploy later, and after a restart", async () => {
        const goOn = await inTheMidst(stage);
        await flow.deploy(without(stage), "nodes");
        await flow.deploy(withOther(stage, { id: "imported" }), "full");
        await flow.stop();
        goOn();
        flow = await startFlow(withOther(stage, { id: "imported" }));
        await atRest(3);
      });

      it("goes on when the deletion is undone", async () => {
        const goOn = await inTheMidst(stage);
        await flow.deploy(without(stage), "flows");
        goOn();
        await flow.deploy(pipeline(), "flows");
        await atRest(3);
      });

      it("waits for somebody to decide where two nodes are imported at once", async () => {
        const goOn = await inTheMidst(stage);
        const second = (stage === "detect" ? detect : analyze)({ id: "second" });
        await flow.deploy([...withOther(stage, { id: "imported" }), second], "nodes");
        goOn();
        const { orphans } = await command("imported", { command: "list" });
        assert.deepEqual(orphans, [{ identity: stage, type: stage, queued: 3, dead: 0, open: 0, batches: 0 }]);
        await command("imported", { command: "adopt", payload: { from: stage } });
        await atRest(3);
        assert.deepEqual((await command("second", { command: "list" })).orphans, []);
      });
    });
  }

  it("replaces an estimate by the verdict of the node imported since, as the same event", async () => {
    const verdict = Promise.withResolvers<object>();
    llm.answer(() => verdict.promise);
    const estimating = { estimate: "always" };
    flow = await startFlow(withOther("nemotron-analyze", estimating));
    flow.send("detect", { payload: await scene() });
    const { event_id } = await eventually(() => events()[0], "the estimate");
    await flow.deploy(withOther("nemotron-analyze", { id: "imported", ...estimating }), "nodes");
    verdict.resolve(VERDICT);
    await atRest(1);
    assert.deepEqual(
      events().map((event) => [event.event_id, event.revision, event.final, event.analysis]),
      [
        [event_id, 1, false, "rules"],
        [event_id, 2, true, "model"],
      ],
    );
  });

  describe("an open batch", () => {
    const open = async () => {
      flow = await startFlow(withOther("batch-window", { idle: "0.3" }));
      flow.send("detect", { payload: await scene() });
      await eventually(() => count("batches WHERE state = 'open'") === 1, "an open batch");
    };

    it("is closed by the node that is imported", async () => {
      await open();
      await flow.deploy(withOther("batch-window", { id: "imported", idle: "0.3" }), "nodes");
      await atRest(1);
    });

    it("is closed by the node that adopts it", async () => {
      await open();
      // What it has taken just now would be sent again: the new one has no receipt of it.
      const unwired = withOther("batch-window", { id: "imported" }).filter(({ id }) => id !== "detect");
      await flow.deploy([...unwired, batch({ id: "second", idle: "0.3" })], "nodes");
      const { orphans } = await command("second", { command: "list" });
      assert.deepEqual(orphans, [
        { identity: "batch-window", type: "batch-window", queued: 0, dead: 0, open: 0, batches: 1 },
      ]);
      await command("second", { command: "adopt", payload: { from: "batch-window" } });
      await atRest(1);
    });
  });

  describe("commands", () => {
    const codes = (answer: Record<string, unknown>, list: "dead_letters" | "open") =>
      (answer[list] as { id: unknown; code?: string; state?: string }[]).map(({ code, state }) => code ?? state);

    it("replay a picture that a detector refused, once it takes it", async () => {
      flow = await startFlow(pipeline());
      detector.misbehave(415);
      flow.send("detect", { payload: await scene() });
      await eventually(() => count("work WHERE state = 'dead'") === 1, "the dead letter");
      const listed = await command("detect", { command: "list" });
      assert.deepEqual(codes(listed, "dead_letters"), ["DETECTOR_REFUSED"]);
      detector.misbehave(null);
      assert.deepEqual(await command("detect", { command: "replay" }), { replayed: 1 });
      await atRest(1);
      assert.deepEqual((await command("detect", { command: "list" })).dead_letters, []);
    });

    it("replay a batch whose answer could not be used, as the next revision of its event", async () => {
      flow = await startFlow(pipeline());
      llm.answer("no verdict at all");
      flow.send("detect", { payload: await scene() });
      const { event_id } = await eventually(() => events()[0], "the event without a verdict");
      llm.answer(VERDICT);
      assert.deepEqual(await command("nemotron-analyze", { command: "replay" }), { replayed: 1 });
      await eventually(() => events().length === 2, "the verdict");
      assert.deepEqual(
        events().map((event) => [event.event_id, event.revision, event.analysis, event.risk_score]),
        [
          [event_id, 1, "none", null],
          [event_id, 2, "model", 50],
        ],
      );
      await eventually(() => leftovers(storePath()).length === 0, "the end of all work");
      assert.deepEqual(violations(storePath()), []);
    });

    it("discard a dead letter, and its upload stays accounted for", async () => {
      flow = await startFlow(pipeline());
      detector.misbehave(415);
      flow.send("detect", { payload: await scene() });
      await eventually(() => count("work WHERE state = 'dead'") === 1, "the dead letter");
      assert.deepEqual(await command("detect", { command: "discard" }), { discarded: 1 });
      assert.deepEqual(await command("detect", { command: "replay" }), { replayed: 0 });
      await eventually(() => leftovers(storePath()).length === 0, "the end of all work");
      assert.deepEqual(violations(storePath()), []);
    });

    it("list the uploads for a node that is disabled, which gets them when it is enabled", async () => {
      const nodes = (changes: Partial<NodeConfig> = {}) => [...withOther("detect", changes), watch()];
      flow = await startFlow(nodes({ d: true }));
      await drop("a.jpg");
      await eventually(() => count("handovers WHERE state = 'air'") === 1, "the upload in the air");
      assert.deepEqual(codes(await command("foscam-watch", { command: "list" }), "open"), ["air"]);
      await flow.deploy(nodes(), "nodes");
      await atRest(1);
      assert.deepEqual((await command("foscam-watch", { command: "list" })).open, []);
    });

    it("replay the uploads that the wiring had left open, once it leads on", async () => {
      flow = await startFlow([...pipeline(), watch({ wires: [["events"], [], ["answers"]] })]);
      await drop("a.jpg");
      await drop("b.jpg", 2);
      await eventually(() => count("handovers WHERE state = 'unclaimed'") === 2, "the uploads left open");
      assert.deepEqual(await command("foscam-watch", { command: "replay" }), { replayed: 0 });
      await flow.deploy([...pipeline(), watch()], "nodes");
      const listed = await command("foscam-watch", { command: "list" });
      assert.deepEqual(codes(listed, "open"), ["unclaimed", "unclaimed"]);
      assert.deepEqual(await command("foscam-watch", { command: "replay" }), { replayed: 2 });
      await atRest(2);
    });
  });

  it("of a camera that sends much does not hold up one that sends little", async () => {
    flow = await startFlow(withOther("detect", { camera: "" }));
    detector.misbehave("never");
    for (let seed = 1; seed <= 20; seed++) {
      flow.send("detect", { topic: "chatty", payload: await scene(null, { seed }) });
    }
    await eventually(() => count("work WHERE stage = 'detect'") === 20, "the queue");
    flow.send("detect", { topic: "quiet", payload: await scene(null, { seed: 99 }) });
    await eventually(() => count("work WHERE stage = 'detect'") === 21, "the quiet camera's picture");
    detector.misbehave(null);
    await flow.deploy(withOther("detect", { camera: "", timeout: "20" }), "nodes");
    await eventually(() => count("inspections") === 21, "all inspections");
    const order = query("SELECT camera_id FROM inspections JOIN uploads USING(upload_id) ORDER BY inspections.rowid");
    // Four are under way at once, so it need not be the second that is done.
    assert.ok(order.slice(0, 10).flat().includes("quiet"), order.join());
    await atRest(21);
  });
});
