/** The whole path on real parts: FTP, Node-RED, SQLite, MQTT, and servers that answer as the real ones do. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { EventRecord } from "../../lib/domain/event.ts";
import { CAMERA_ENTITIES } from "../../lib/homeassistant/entities/camera.ts";
import { HUB_ENTITIES } from "../../lib/homeassistant/entities/hub.ts";
import type { Entities } from "../../lib/homeassistant/entity.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { type FtpServer, ftpAvailable, startFtpServer } from "../support/ftp-server.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { pixelsOf, scene } from "../support/pictures.ts";
import { type ReceivedMessage, type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const VERDICT = {
  reasoning: "One person by day at the front door.",
  entities: [{ type: "visitor", description: "An adult with a parcel.", threat_level: "low" }],
  flags: [{ type: "lingering", description: "Stays after nobody opened.", severity: "warning" }],
  summary: "A person stands at the front door.",
  risk_score: 64,
  confidence: 0.7,
  recommended_action: "Look at the picture.",
};
const PERSON = { class: "person", confidence: 0.87, bbox: { x: 100, y: 40, width: 60, height: 120 } };
const DOG = { class: "dog", confidence: 0.61, bbox: { x: 300, y: 200, width: 80, height: 60 } };
const DOUBTFUL = { class: "car", confidence: 0.31, bbox: { x: 10, y: 10, width: 50, height: 50 } };

/** As the server of the tests counts them. */
const tokensIn = (text = "") => Math.ceil(text.length / 4);

describe("the whole path", function () {
  this.timeout(30_000);
  let folder: string;
  let broker: Broker;
  let subscriber: Subscriber;
  let detector: DetectorServer;
  let llm: LlmServer;
  let flow: Flow | null = null;

  beforeEach(async () => {
    folder = tempFolder();
    broker = await startBroker();
    subscriber = await subscribe(broker.url, "#");
    detector = await startDetectorServer();
    llm = await startLlmServer();
  });

  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await subscriber.close();
    await Promise.all([broker.stop(), detector.close(), llm.close()]);
  });

  after(removeTempFolders);

  const cameras = () => join(folder, "cameras");
  const pipeline = (changes: Record<string, Partial<NodeConfig>> = {}): NodeConfig[] =>
    [
      {
        id: "site",
        type: "vigil-site",
        site: "home",
        dataDir: join(folder, "data"),
        mqttUrl: broker.url,
        timeZone: "UTC",
      },
      { id: "watch", type: "foscam-watch", site: "site", folder: cameras(), wires: [["dedupe"], ["rejected"], []] },
      { id: "dedupe", type: "dedupe", site: "site", wires: [["detect"], ["duplicate"], []] },
      { id: "detect", type: "detect", site: "site", url: detector.url, wires: [["batch"], ["nothing"], []] },
      { id: "batch", type: "batch-window", site: "site", idle: "0", wires: [["analyze"], []] },
      { id: "analyze", type: "nemotron-analyze", site: "site", url: llm.url, wires: [["alert"], []] },
      { id: "alert", type: "risk-alert", site: "site", wires: [["alerts"], ["suppressed"], []] },
      { id: "caught", type: "helper" },
      { id: "catch", type: "catch", scope: null, wires: [["caught"]] },
      ...["rejected", "duplicate", "nothing", "alerts", "suppressed"].map((id) => ({ id, type: "helper" })),
    ].map((node) => ({ ...node, ...changes[node.id] }));

  const drop = async (camera: string, name: string, bytes: Buffer) => {
    mkdirSync(join(cameras(), camera), { recursive: true });
    writeFileSync(join(cameras(), camera, name), bytes);
  };
  const securityEvents = () =>
    subscriber.messages
      .filter(({ topic }) => topic === "vigil/home/security_events")
      .map(({ payload }) => EventRecord.parse(JSON.parse(payload.toString()).data));
  const eventWhere = (fits: (event: EventRecord) => boolean) =>
    eventually(() => securityEvents().find(fits), "the event");
  const database = () => new Database(join(folder, "data", "vigil.db"), { readonly: true });

  it("traces every value of an event over FTP to what the servers answered", async function () {
    if (!ftpAvailable) this.skip();
    detector.answer([DOUBTFUL, DOG, PERSON]);
    llm.answer(VERDICT);
    const ftp: FtpServer = await startFtpServer(cameras(), folder);
    try {
      flow = await startFlow(pipeline());
      const file = join(folder, "still.jpg");
      const bytes = await scene({ x: 100, y: 40, width: 60, height: 120 });
      writeFileSync(file, bytes);
      // Slow enough that the file is seen to grow: about a third of a second.
      await ftp.upload(file, "Front Door/snap/MDAlarm_20260911-123100.jpg", { bytesPerSecond: bytes.length * 3 });

      const [received] = await eventually(() => detector.requests.length > 0 && detector.requests, "a picture");
      assert.equal(received?.sha256, createHash("sha256").update(bytes).digest("hex"));
      const event = await eventWhere(({ final }) => final);
      assert.deepEqual(
        {
          camera: [event.camera_id, event.camera_name],
          times: [event.started_at, event.ended_at],
          verdict: [event.risk_score, event.risk_level, event.summary, event.reasoning, event.recommended_action],
          named: [event.entities, event.flags, event.confidence],
          tokens: [event.prompt_tokens, event.completion_tokens],
          judge: [event.analysis, event.model, event.final, event.revision],
          seen: [event.labels, event.detection_count, event.fast_path],
        },
        {
          camera: ["front_door", "Front Door"],
          times: ["2026-09-11T12:31:00.000Z", "2026-09-11T12:31:00.000Z"],
          verdict: [64, "high", VERDICT.summary, VERDICT.reasoning, VERDICT.recommended_action],
          named: [VERDICT.entities, VERDICT.flags, 0.7],
          tokens: [tokensIn(llm.requests[0]?.prompt), tokensIn(JSON.stringify(VERDICT))],
          judge: ["model", "test-model.gguf", true, 1],
          seen: [["person", "dog"], 2, false],
        },
      );
      assert.match(llm.requests[0]?.prompt ?? "", /Front Door[\s\S]*person[\s\S]*0\.87/);
      const db = database();
      const stored = db.prepare("SELECT label, confidence, x, y, width, height FROM detections ORDER BY n").all();
      assert.deepEqual(stored, [
        { label: "person", confidence: 0.87, ...PERSON.bbox },
        { label: "dog", confidence: 0.61, ...DOG.bbox },
      ]);
      // The broker has the message a moment before the store knows that it has.
      await eventually(() => db.prepare("SELECT published_revision FROM events").pluck().get() === 1, "the mark");
      db.close();
      assert.ok(event.thumbnail_path);
      assert.ok((await pixelsOf(event.thumbnail_path, [0xe7, 0x48, 0x56])) > 50, "the person's box is drawn");
      // Captured in September and received today: late, whatever its score.
      const suppressed = await flow.inbox("suppressed").next();
      assert.match(JSON.stringify(suppressed.payload), /"name":"late","passed":false/);
    } finally {
      await ftp.close();
    }
  });

  it("publishes discovery and state that Home Assistant takes, picture before event", async () => {
    detector.answer([PERSON]);
    llm.answer(VERDICT);
    flow = await startFlow(pipeline());
    await drop("front-door", "a.jpg", await scene());
    await eventWhere(({ final }) => final);
    const topics = subscriber.messages.map(({ topic }) => topic);
    const camera = "vigil/home/camera/front_door";
    const last = (topic: string) => subscriber.messages.findLast((message: ReceivedMessage) => message.topic === topic);
    assert.equal(last("vigil/home/availability")?.payload.toString(), "online");
    assert.equal(last(`${camera}/risk_score`)?.payload.toString(), "64");
    assert.equal(last(`${camera}/summary`)?.payload.toString(), VERDICT.summary);
    assert.equal(last(`${camera}/motion`)?.payload.toString(), "ON");
    assert.equal(last(`${camera}/person`)?.payload.toString(), "ON");
    const attributes = JSON.parse(String(last(`${camera}/security`)?.payload));
    assert.equal(attributes.event_type, "high");
    assert.deepEqual([attributes.entities, attributes.flags], [VERDICT.entities, VERDICT.flags]);
    assert.deepEqual([...(last(`${camera}/last_picture`)?.payload.subarray(0, 2) ?? [])], [0xff, 0xd8]);
    const order = [
      `homeassistant/event/vigil_home_front_door_security/config`,
      `${camera}/last_picture`,
      `${camera}/risk_score`,
      `${camera}/security`,
    ];
    const positions = order.map((topic) => topics.lastIndexOf(topic));
    assert.deepEqual(
      positions,
      [...positions].sort((a, b) => a - b),
    );
  });

  it("retains what a later subscriber needs, and nothing that would fire again", async () => {
    detector.answer([PERSON]);
    llm.answer(VERDICT);
    flow = await startFlow(pipeline());
    await drop("front-door", "a.jpg", await scene());
    await eventWhere(({ final }) => final);
    const late = await subscribe(broker.url, "#");
    try {
      await late.waitFor(({ topic }) => topic.endsWith("/risk_score"));
      const retained = late.messages.map(({ topic }) => topic.replace(/^homeassistant\/.*/, "discovery"));
      const kept = (entities: Entities, base: string) =>
        Object.entries(entities).flatMap(([key, { retained: isKept }]) => (isKept ? [`${base}/${key}`] : []));
      const allowed = [
        "discovery",
        "vigil/home/availability",
        ...kept(CAMERA_ENTITIES, "vigil/home/camera/front_door"),
        ...kept(HUB_ENTITIES, "vigil/home/hub"),
        "vigil/home/hub/alarming_share/attributes",
        "vigil/home/hub/problem/attributes",
        "vigil/home/system_status",
        "vigil/home/camera/front_door/last_decision/attributes",
      ];
      assert.deepEqual(
        retained.filter((topic) => !allowed.includes(topic)),
        [],
      );
      for (const key of ["last_picture", "risk_score", "risk_level", "summary", "last_event", "online", "alerts"]) {
        assert.ok(retained.includes(`vigil/home/camera/front_door/${key}`), key);
      }
    } finally {
      await late.close();
    }
  });

  it("estimates while the model is away, and replaces the estimate by its verdict", async () => {
    detector.answer([PERSON]);
    llm.misbehave(503);
    flow = await startFlow(pipeline());
    await drop("front-door", "a.jpg", await scene());
    const estimate = await eventWhere(({ final }) => !final);
    assert.deepEqual([estimate.analysis, estimate.revision, estimate.model], ["rules", 1, null]);
    assert.equal(
      subscriber.messages.some(({ topic }) => topic.endsWith("/security")),
      false,
    );
    llm.misbehave(null);
    llm.answer(VERDICT);
    const verdict = await eventWhere(({ final }) => final);
    assert.deepEqual([verdict.event_id, verdict.analysis, verdict.revision], [estimate.event_id, "model", 2]);
    assert.equal(verdict.created_at, estimate.created_at);
    await subscriber.waitFor(({ topic }) => topic.endsWith("/security"));
    assert.equal(securityEvents().length, 2);
  });

  it("has the model mend an answer that cannot be used", async () => {
    detector.answer([PERSON]);
    const answers = ["I would say 64 of 100.", VERDICT];
    llm.answer(() => answers.shift() ?? "");
    flow = await startFlow(pipeline());
    await drop("front-door", "a.jpg", await scene());
    const event = await eventWhere(() => true);
    assert.deepEqual([event.analysis, event.risk_score, event.revision], ["model", 64, 1]);
    const [first, second] = llm.requests;
    assert.match(
      second?.prompt ?? "",
      /I would say 64 of 100\.\nYour answer cannot be used: it holds no JSON object\./,
    );
    assert.equal(event.prompt_tokens, tokensIn(first?.prompt) + tokensIn(second?.prompt));
    assert.equal(flow.inbox("caught").messages.length, 0);
  });

  it("invents no number for a reply that cannot be used, and tells the Catch node", async () => {
    detector.answer([PERSON]);
    llm.answer({ ...VERDICT, risk_score: 640 });
    flow = await startFlow(pipeline());
    await drop("front-door", "a.jpg", await scene());
    const event = await eventWhere(() => true);
    assert.deepEqual([event.analysis, event.risk_score, event.risk_level, event.final], ["none", null, null, true]);
    assert.match(event.reasoning, /risk_score/);
    assert.deepEqual([event.entities, event.flags, event.confidence], [[], [], null]);
    assert.equal(llm.requests.length, 2);
    const security = await subscriber.waitFor(({ topic }) => topic.endsWith("/security"));
    assert.equal(JSON.parse(security.payload.toString()).event_type, "not_analyzed");
    const caught = await flow.inbox("caught").next();
    assert.match(JSON.stringify(caught.error), /LLM_REPLY_UNUSABLE/);
    const alert = await flow.inbox("alerts").next();
    assert.match(JSON.stringify(alert.payload), /"name":"events","passed":true,"value":"unscored"/);
  });

  it("waits for a detector that is down, and loses nothing", async () => {
    detector.answer([PERSON]);
    detector.misbehave(500);
    llm.answer(VERDICT);
    flow = await startFlow(pipeline());
    await drop("front-door", "a.jpg", await scene());
    await detector.received(1);
    detector.misbehave(null);
    await eventWhere(({ final }) => final);
    assert.equal(flow.inbox("caught").messages.length, 0);
  });

  it("drops the same picture under another name, and looks at the next one", async () => {
    detector.answer([]);
    flow = await startFlow(pipeline());
    await drop("front-door", "a.jpg", await scene());
    await flow.inbox("nothing").next();
    await drop("front-door", "b.jpg", await scene());
    await flow.inbox("duplicate").next();
    await drop("front-door", "c.jpg", await scene(null, { seed: 1 }));
    await eventually(() => flow?.inbox("nothing").messages.length === 2, "the third picture");
    assert.equal(detector.requests.length, 2);
  });

  it("rejects what is no picture, with the reason, once", async () => {
    flow = await startFlow(pipeline({ watch: { stable: "0.1" } }));
    await drop("front-door", "empty.jpg", Buffer.alloc(0));
    await drop("front-door", "text.jpg", Buffer.from("not a picture at all"));
    await drop("front-door", "cut.jpg", (await scene()).subarray(0, 2000));
    writeFileSync(join(cameras(), "stray.jpg"), await scene());
    const rejected = flow.inbox("rejected");
    await eventually(() => rejected.messages.length === 4, "four rejections");
    flow.send("watch", { command: "scan" });
    await drop("front-door", "more.jpg", Buffer.from("still not"));
    await eventually(() => rejected.messages.length === 5, "the fifth");
    const codes = rejected.messages.map(({ payload }) => JSON.stringify(payload).match(/"code":"(\w+)"/)?.[1]);
    assert.deepEqual(codes.sort(), ["EMPTY_FILE", "NOT_AN_IMAGE", "NOT_AN_IMAGE", "NO_CAMERA", "TRUNCATED_IMAGE"]);
    const db = database();
    assert.equal(db.prepare("SELECT count(*) FROM uploads WHERE state = 'rejected'").pluck().get(), 5);
    db.close();
  });

  it("stores the first start's old files as such, and takes what came while it was down", async () => {
    detector.answer([]);
    await drop("front-door", "old.jpg", await scene());
    const { ctimeMs } = statSync(join(cameras(), "front-door", "old.jpg"));
    // The file system's clock runs a tick behind: only what is older than that is certainly old.
    await eventually(() => Date.now() - ctimeMs > 50, "an old file");
    flow = await startFlow(pipeline());
    await drop("front-door", "new.jpg", await scene(null, { seed: 1 }));
    await flow.inbox("nothing").next();
    await flow.stop();
    await drop("front-door", "meanwhile.jpg", await scene(null, { seed: 2 }));
    flow = await startFlow(pipeline());
    await flow.inbox("nothing").next();
    assert.deepEqual(
      detector.requests.map(({ fileName }) => fileName),
      ["new.jpg", "meanwhile.jpg"],
    );
  });

  it("goes on after a restart with what was under way", async () => {
    detector.answer([PERSON]);
    detector.misbehave("never");
    llm.answer(VERDICT);
    flow = await startFlow(pipeline());
    await drop("front-door", "a.jpg", await scene());
    await detector.received(1);
    await flow.stop();
    detector.misbehave(null);
    flow = await startFlow(pipeline());
    await eventWhere(({ final }) => final);
    assert.equal(securityEvents().length, 1);
  });

  it("sends again what a disabled node never got", async () => {
    detector.answer([PERSON]);
    llm.answer(VERDICT);
    const withoutDetect = pipeline().filter(({ id }) => id !== "detect");
    flow = await startFlow(withoutDetect);
    await drop("front-door", "a.jpg", await scene());
    const db = database();
    await eventually(
      () => db.prepare("SELECT 1 FROM handovers WHERE node_id = 'dedupe' AND state = 'air'").get() !== undefined,
      "a hand-over in the air",
    );
    db.close();
    await flow.deploy(pipeline(), "nodes");
    await eventWhere(({ final }) => final);
    assert.equal(securityEvents().length, 1);
  });

  it("keeps events while the broker is away", async () => {
    detector.answer([PERSON]);
    llm.answer(VERDICT);
    flow = await startFlow(pipeline());
    await subscriber.waitFor(
      ({ topic, payload }) => topic.endsWith("/availability") && payload.toString() === "online",
    );
    await broker.stop();
    await drop("front-door", "a.jpg", await scene());
    await eventually(() => flow?.inbox("alerts").messages.length === 1, "the alert");
    await broker.restart();
    await eventWhere(({ final }) => final);
    const db = database();
    await eventually(() => db.prepare("SELECT count(*) FROM outbox").pluck().get() === 0, "an empty outbox");
    db.close();
  });

  it("is complete without MQTT", async () => {
    detector.answer([PERSON]);
    llm.answer(VERDICT);
    flow = await startFlow(pipeline({ site: { mqttUrl: "" } }));
    await drop("front-door", "a.jpg", await scene());
    await flow.inbox("alerts").next();
    assert.equal(subscriber.messages.length, 0);
  });
});
