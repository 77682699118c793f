/** What must survive deploys, a store that is busy, and what users put between the nodes. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { violations } from "../support/invariants.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { startBroker } from "../support/mosquitto.ts";
import { scene } from "../support/pictures.ts";
import { subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PERSON = { class: "person", confidence: 0.8, bbox: { x: 100, y: 40, width: 60, height: 120 } };
const DOG = { class: "dog", confidence: 0.7, bbox: { x: 10, y: 10, width: 60, height: 60 } };

describe("a flow", function () {
  this.timeout(30_000);
  let folder: string;
  let detector: DetectorServer;
  let llm: LlmServer;
  let flow: Flow | null = null;

  beforeEach(async () => {
    folder = tempFolder();
    detector = await startDetectorServer();
    detector.answer([PERSON]);
    llm = await startLlmServer();
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await Promise.all([detector.close(), llm.close()]);
  });
  after(removeTempFolders);

  const storePath = () => join(folder, "data", "vigil.db");
  const query = (sql: string): unknown[][] => {
    const db = new Database(storePath(), { readonly: true });
    try {
      return db.prepare(sql).raw().all() as unknown[][];
    } finally {
      db.close();
    }
  };
  const site = (changes: Partial<NodeConfig> = {}): NodeConfig => ({
    id: "site",
    type: "vigil-site",
    dataDir: join(folder, "data"),
    timeZone: "UTC",
    ...changes,
  });
  const watch = (changes: Partial<NodeConfig> = {}): NodeConfig => ({
    id: "watch",
    type: "foscam-watch",
    site: "site",
    folder: join(folder, "cameras"),
    wires: [["detect"], [], []],
    ...changes,
  });
  const detect = (changes: Partial<NodeConfig> = {}): NodeConfig => ({
    id: "detect",
    type: "detect",
    site: "site",
    url: detector.url,
    camera: "porch",
    wires: [["batch"], [], []],
    ...changes,
  });
  const batch = (changes: Partial<NodeConfig> = {}): NodeConfig => ({
    id: "batch",
    type: "batch-window",
    site: "site",
    idle: "0",
    wires: [["analyze"], []],
    ...changes,
  });
  const analyze = (changes: Partial<NodeConfig> = {}): NodeConfig => ({
    id: "analyze",
    type: "nemotron-analyze",
    site: "site",
    url: llm.url,
    wires: [["out"], []],
    ...changes,
  });
  const out: NodeConfig = { id: "out", type: "helper" };
  const drop = async (name: string, seed = 0) => {
    mkdirSync(join(folder, "cameras", "porch"), { recursive: true });
    writeFileSync(join(folder, "cameras", "porch", name), await scene(null, { seed }));
  };
  /** Somebody else, a backup say, has the database for a while. */
  const whileLocked = async (during: () => Promise<unknown>) => {
    const intruder = new Database(storePath());
    try {
      intruder.exec("BEGIN IMMEDIATE");
      await during();
    } finally {
      intruder.close();
    }
  };

  it("takes a picture whose node is deployed anew while it comes in", async () => {
    flow = await startFlow([site(), detect({ wires: [["out"], [], []] }), out]);
    flow.send("detect", { _msgid: "1", payload: await scene() });
    await flow.deploy([site(), detect({ wires: [["out"], [], []], timeout: "20" }), out], "nodes");
    await flow.inbox("out").next();
    flow.send("detect", { _msgid: "2", payload: await scene(null, { seed: 2 }) });
    await eventually(() => flow?.inbox("out").messages.length === 2, "the second picture");
  });

  it("does not take a deploy for a server that is away", async () => {
    llm.misbehave("never");
    const nodes = () => [site(), detect(), batch(), analyze(), out];
    flow = await startFlow(nodes());
    flow.send("detect", { payload: await scene() });
    await eventually(() => llm.requests.length === 1, "the model to be asked");
    await flow.deploy([site(), detect(), batch(), analyze({ timeout: "100" }), out], "nodes");
    await eventually(() => llm.requests.length === 2, "the model to be asked again");
    assert.deepEqual(flow.inbox("out").messages, []);
    assert.deepEqual(query("SELECT attempts FROM work WHERE state = 'queued'"), [[0]]);
  });

  it("starts a node that could not start while the store was busy", async () => {
    flow = await startFlow([site(), detect({ wires: [["out"], [], []] }), out]);
    await whileLocked(async () => {
      await flow?.deploy([site(), detect({ wires: [["out"], [], []], timeout: "20" }), out], "nodes");
    });
    flow.send("detect", { payload: await scene() });
    await flow.inbox("out").next();
  });

  it("starts a watch that could not start while the store was busy", async () => {
    flow = await startFlow([site(), detect({ wires: [[], [], []] }), out]);
    await whileLocked(async () => {
      await flow?.deploy([site(), detect({ wires: [[], [], []] }), watch({ wires: [["out"], [], []] }), out], "nodes");
      await drop("a.jpg");
    });
    await flow.inbox("out").next();
  });

  it("closes a quiet camera's batch although the store was busy when it was time", async () => {
    flow = await startFlow([site(), detect(), batch({ idle: "0.2", wires: [["out"], []] }), out]);
    flow.send("detect", { payload: await scene() });
    await eventually(() => query("SELECT 1 FROM batches").length === 1, "an open batch");
    await whileLocked(() => eventually(() => flow?.log.some((line) => line.startsWith("batch error")), "the failure"));
    await flow.inbox("out").next();
  });

  it("holds a message that the store cannot take, and takes it then", async () => {
    flow = await startFlow([site(), batch({ wires: [["out"], []] }), detect(), out]);
    await whileLocked(async () => {
      flow?.send("detect", { payload: await scene() });
      await eventually(() => flow?.log.some((line) => line.includes("messages wait")), "the warning");
    });
    await flow.inbox("out").next();
  });

  it("publishes each event once, and knows that it has", async () => {
    const broker = await startBroker();
    const subscriber = await subscribe(broker.url, "vigil/home/security_events");
    try {
      flow = await startFlow([site({ mqttUrl: broker.url }), detect(), batch(), analyze(), out]);
      flow.send("detect", { _msgid: "1", payload: await scene() });
      await subscriber.waitFor(() => true);
      flow.send("detect", { _msgid: "2", payload: await scene(null, { seed: 2 }) });
      await eventually(() => subscriber.messages.length === 2, "two events");
      await eventually(() => query("SELECT 1 FROM outbox").length === 0, "an empty outbox");
      assert.deepEqual(query("SELECT published_revision FROM events"), [[1], [1]]);
    } finally {
      await flow?.stop();
      flow = null;
      await subscriber.close();
      await broker.stop();
    }
  });

  it("collects nothing for a broker that it does not have", async () => {
    flow = await startFlow([site(), detect(), batch(), analyze(), out]);
    flow.send("detect", { payload: await scene() });
    await flow.inbox("out").next();
    assert.deepEqual(query("SELECT count(*) FROM outbox"), [[0]]);
  });

  it("publishes no file that a message names", async () => {
    const broker = await startBroker();
    const subscriber = await subscribe(broker.url, "vigil/#");
    try {
      const secret = join(folder, "secret.jpg");
      writeFileSync(secret, "the password");
      flow = await startFlow([site({ mqttUrl: broker.url }), detect({ wires: [["out"], [], []] }), analyze(), out]);
      flow.send("detect", { payload: await scene() });
      const { payload } = await flow.inbox("out").next();
      const { upload, detections } = payload as { upload: { captured_at: string }; detections: unknown[] };
      const { captured_at } = upload;
      flow.send("analyze", {
        payload: {
          batch_id: "ba_1",
          camera_id: "porch",
          started_at: captured_at,
          ended_at: captured_at,
          close_reason: "idle",
          fast_path: false,
          detections,
          uploads: [upload],
          thumbnail_path: secret,
        },
      });
      await subscriber.waitFor(({ topic }) => topic.endsWith("/security_events"));
      assert.equal(
        subscriber.messages.some((message) => message.payload.includes("the password")),
        false,
      );
    } finally {
      await flow?.stop();
      flow = null;
      await subscriber.close();
      await broker.stop();
    }
  });

  it("gives a picture to two detectors that may disagree", async () => {
    const motion = detect({ id: "motion", url: "", wires: [[], ["nothing"], []] });
    const nothing = { id: "nothing", type: "helper" };
    const nodes = [
      site(),
      watch({ wires: [["detect", "motion"], [], []] }),
      detect({ wires: [["out"], [], []] }),
      motion,
    ];
    flow = await startFlow([...nodes, out, nothing]);
    await drop("a.jpg");
    await Promise.all([flow.inbox("out").next(), flow.inbox("nothing").next()]);
    assert.deepEqual(query("SELECT node_id, outcome FROM inspections ORDER BY node_id"), [
      ["detect", "seen"],
      ["motion", "nothing"],
    ]);
    assert.deepEqual(violations(storePath()), []);
  });

  it("knows a message again whose hand-over a user's node has stripped", async () => {
    flow = await startFlow([site(), watch({ wires: [["out"], [], []] }), out, detect({ wires: [[], [], []] })]);
    await drop("a.jpg");
    const { payload, topic } = await flow.inbox("out").next();
    flow.send("detect", { payload, topic });
    await eventually(() => query("SELECT 1 FROM inspections").length === 1, "the inspection");
    assert.deepEqual(query("SELECT state FROM handovers WHERE node_id = 'watch'"), [["taken"]]);
  });

  it("shows that its folder is gone, and goes on when it is back", async () => {
    flow = await startFlow([site(), watch({ wires: [["out"], [], []] }), out]);
    await drop("a.jpg");
    await flow.inbox("out").next();
    renameSync(join(folder, "cameras"), join(folder, "away"));
    const shows = (key: string) => flow?.statuses("watch").at(-1)?.endsWith(key);
    flow.send("watch", { command: "scan" });
    await eventually(() => shows("outage"), "the outage");
    renameSync(join(folder, "away"), join(folder, "cameras"));
    flow.send("watch", { command: "scan" });
    await eventually(() => shows("watching"), "the end of the outage");
  });

  it("has the work on a folder's files wait while it is away, and go on by itself", async () => {
    detector.misbehave("never");
    const nodes = () => [site(), watch(), detect({ wires: [["out"], [], []] }), out];
    flow = await startFlow(nodes());
    await drop("a.jpg");
    await detector.received(1);
    await flow.stop();
    detector.misbehave(null);
    renameSync(join(folder, "cameras"), join(folder, "away"));
    flow = await startFlow(nodes());
    await eventually(() => query("SELECT code FROM work").join() === "ROOT_AWAY", "the job to wait");
    assert.deepEqual(query("SELECT state FROM uploads"), [["handed"]]);
    renameSync(join(folder, "away"), join(folder, "cameras"));
    await flow.inbox("out").next();
    assert.deepEqual(violations(storePath()), []);
  });

  it("looks at a file that was gone, when it is back and its job is replayed", async () => {
    detector.misbehave("never");
    const nodes = () => [site(), watch(), detect({ wires: [["out"], [], []] }), out];
    flow = await startFlow(nodes());
    await drop("a.jpg");
    await detector.received(1);
    await flow.stop();
    detector.misbehave(null);
    renameSync(join(folder, "cameras", "porch"), join(folder, "cameras", "elsewhere"));
    flow = await startFlow(nodes());
    await eventually(() => query("SELECT state FROM uploads WHERE path = 'porch/a.jpg'").join() === "gone", "its end");
    renameSync(join(folder, "cameras", "elsewhere"), join(folder, "cameras", "porch"));
    flow.send("detect", { command: "replay" });
    await flow.inbox("out").next(({ topic }) => topic === "porch");
    assert.deepEqual(query("SELECT state FROM uploads WHERE path = 'porch/a.jpg'"), [["handed"]]);
    assert.deepEqual(violations(storePath()), []);
  });

  it("looks at a duplicate after all where its original is gone", async () => {
    detector.misbehave("never");
    const dedupe = { id: "dedupe", type: "dedupe", site: "site", wires: [["detect"], ["duplicates"], []] };
    const duplicates = { id: "duplicates", type: "helper" };
    const nodes = () => [
      site(),
      watch({ wires: [["dedupe"], [], []] }),
      dedupe,
      detect({ wires: [["out"], [], []] }),
      out,
      duplicates,
    ];
    flow = await startFlow(nodes());
    await drop("a.jpg");
    await detector.received(1);
    await drop("b.jpg");
    await flow.inbox("duplicates").next();
    await flow.stop();
    detector.misbehave(null);
    rmSync(join(folder, "cameras", "porch", "a.jpg"));
    flow = await startFlow(nodes());
    const { payload } = await flow.inbox("out").next();
    assert.match((payload as { upload: { path: string } }).upload.path, /b\.jpg$/);
    assert.deepEqual(query("SELECT path, state FROM uploads ORDER BY path"), [
      ["porch/a.jpg", "gone"],
      ["porch/b.jpg", "handed"],
    ]);
    assert.deepEqual(violations(storePath()), []);
  });

  it("takes another folder for its own when it is told to", async () => {
    flow = await startFlow([site(), watch({ wires: [["out"], [], []] }), out]);
    await drop("a.jpg");
    await flow.inbox("out").next();
    rmSync(join(folder, "cameras"), { recursive: true });
    await drop("b.jpg", 2);
    flow.send("watch", { command: "scan" });
    await eventually(() => flow?.log.some((line) => line.includes("another folder is at")), "the outage");
    assert.equal(flow.inbox("out").messages.length, 1);
    flow.send("watch", { command: "accept" });
    await flow.inbox("out").next(({ filename }) => String(filename).endsWith("b.jpg"));
  });

  it("mentions a camera whose clock is behind, because its events would never alert", async () => {
    flow = await startFlow([site(), watch({ wires: [["out"], [], []] }), out]);
    const stamp = new Date(Date.now() - 3_600_000)
      .toISOString()
      .replaceAll(/[-:]|\..*/g, "")
      .replace("T", "-");
    await drop(`MDAlarm_${stamp}.jpg`);
    await drop(`HMDAlarm_${stamp}.jpg`, 2);
    await eventually(() => flow?.inbox("out").messages.length === 2, "both pictures");
    assert.equal(flow.log.filter((line) => line.includes("check its clock")).length, 1);
  });

  it("accounts for an upload that a node refused", async () => {
    flow = await startFlow([site(), watch({ wires: [["batch"], [], []] }), batch()]);
    await drop("a.jpg");
    await eventually(() => query("SELECT 1 FROM work WHERE state = 'refused'").length === 1, "the refusal");
    assert.deepEqual(violations(storePath()), []);
    assert.deepEqual(query("SELECT what FROM account"), [["dead"]]);
  });

  it("batches the detections that a user's node lets through", async () => {
    detector.answer([PERSON, DOG]);
    flow = await startFlow([
      site(),
      detect({ wires: [["filter"], [], []] }),
      batch({ wires: [["out"], []] }),
      out,
      { id: "filter", type: "helper" },
    ]);
    flow.send("detect", { payload: await scene() });
    const message = await flow.inbox("filter").next();
    const payload = message.payload as { detections: { label: string }[] };
    const detections = payload.detections.filter(({ label }) => label === "dog");
    flow.send("batch", { ...message, payload: { ...payload, detections } });
    const closed = (await flow.inbox("out").next()).payload as { detections: { label: string }[] };
    assert.deepEqual(closed.detections, detections);
  });

  it("keeps a batch from what the next node does to its estimate", async () => {
    flow = await startFlow([site(), detect(), batch(), analyze({ estimate: "always" }), out]);
    const release = Promise.withResolvers<void>();
    llm.answer(async () => {
      await release.promise;
      return { reasoning: "r", summary: "s", risk_score: 50, recommended_action: "" };
    });
    flow.send("detect", { payload: await scene() });
    const estimate = await flow.inbox("out").next();
    (estimate.payload as { detections: unknown[] }).detections.splice(0);
    release.resolve();
    const verdict = await flow.inbox("out").next(({ payload }) => (payload as { final: boolean }).final);
    assert.equal((verdict.payload as { detections: unknown[] }).detections.length, 1);
  });

  it("does not repeat to a user's own node what no Vigil node could answer", async () => {
    const nodes = () => [site(), detect(), batch(), analyze(), out];
    flow = await startFlow(nodes());
    flow.send("detect", { payload: await scene() });
    await flow.inbox("out").next();
    await flow.stop();
    flow = await startFlow(nodes());
    flow.send("detect", { payload: await scene(null, { seed: 2 }) });
    await flow.inbox("out").next(({ payload }) => (payload as { batch_id: string }).batch_id !== "");
    await eventually(() => query("SELECT 1 FROM events").length === 2, "the second event");
    assert.equal(flow.inbox("out").messages.length, 1);
    assert.deepEqual(query("SELECT DISTINCT state FROM handovers WHERE node_id = 'analyze'"), [["unclaimed"]]);
  });

  it("takes a picture once through a folder and a link to it", async () => {
    mkdirSync(join(folder, "cameras"));
    symlinkSync(join(folder, "cameras"), join(folder, "link"));
    flow = await startFlow([
      site(),
      watch({ wires: [["out"], [], []] }),
      watch({ id: "again", folder: join(folder, "link"), wires: [["out"], [], []] }),
      out,
    ]);
    await eventually(
      () => flow?.log.some((line) => line.includes("overlap")) || query("SELECT 1 FROM roots").length,
      "the start",
    );
    await drop("a.jpg");
    await flow.inbox("out").next();
    assert.deepEqual(query("SELECT count(*) FROM uploads"), [[1]]);
  });

  it("gives a renamed folder its camera id when the site's list says so", async () => {
    flow = await startFlow([site(), watch({ wires: [["out"], [], []] }), out]);
    await drop("a.jpg");
    await flow.inbox("out").next();
    renameSync(join(folder, "cameras", "porch"), join(folder, "cameras", "PORCH"));
    const listed = site({ cameras: [{ id: "porch", folder: "PORCH" }] });
    await flow.deploy([listed, watch({ wires: [["out"], [], []] }), out], "nodes");
    writeFileSync(join(folder, "cameras", "PORCH", "b.jpg"), await scene(null, { seed: 2 }));
    const second = await flow.inbox("out").next(({ filename }) => String(filename).endsWith("b.jpg"));
    assert.equal(second.topic, "porch");
  });
});
