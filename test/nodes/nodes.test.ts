/** The nodes in a real Node-RED runtime: what they take, what they refuse, and how they close. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { FlowMessage } from "../../lib/domain/message.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { scene } from "../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const FIGURE = { x: 200, y: 100, width: 80, height: 160 };

describe("a node", () => {
  let folder: string;
  let flow: Flow | null = null;

  beforeEach(() => {
    folder = tempFolder();
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
  });
  after(removeTempFolders);

  const site = (changes: Partial<NodeConfig> = {}): NodeConfig => ({
    id: "site",
    type: "vigil-site",
    dataDir: join(folder, "data"),
    timeZone: "UTC",
    ...changes,
  });
  const helpers = (...ids: string[]): NodeConfig[] => ids.map((id) => ({ id, type: "helper" }));
  const errorsTo = (id: string): NodeConfig[] => [
    { id: "catch", type: "catch", scope: null, wires: [[id]] },
    { id, type: "helper" },
  ];
  const database = () => new Database(join(folder, "data", "vigil.db"), { readonly: true });
  const codeOf = (message: FlowMessage) => (message.error as { code?: string }).code;

  const detectFlow = (changes: Partial<NodeConfig> = {}): NodeConfig[] => [
    site(),
    {
      id: "detect",
      type: "detect",
      site: "site",
      camera: "porch",
      wires: [["seen"], ["nothing"], ["answers"]],
      ...changes,
    },
    ...helpers("seen", "nothing", "answers", "completed"),
    { id: "complete", type: "complete", scope: ["detect"], wires: [["completed"]] },
    ...errorsTo("caught"),
  ];

  it("takes a picture's bytes, whose camera the form names, and keeps the user's properties", async () => {
    flow = await startFlow(detectFlow());
    flow.send("detect", { _msgid: "1", payload: await scene() });
    await flow.inbox("nothing").next();
    flow.send("detect", { _msgid: "2", payload: await scene(FIGURE), household: { name: "home" } });
    const seen = await flow.inbox("seen").next();
    const { upload, detections } = seen.payload as {
      upload: { camera_id: string; path: string };
      detections: { label: string }[];
    };
    assert.equal(upload.camera_id, "porch");
    assert.ok(upload.path.startsWith(join(folder, "data", "inbox")));
    assert.equal(detections[0]?.label, "motion");
    assert.deepEqual([seen._msgid, seen.household, seen.topic], ["2", { name: "home" }, "porch"]);
    await eventually(() => flow?.inbox("completed").messages.length === 2, "both to complete");
  });

  it("takes a path, and the camera from the topic", async () => {
    const path = join(folder, "MDAlarm_20260911-123100.png.jpg");
    writeFileSync(path, await scene());
    flow = await startFlow(detectFlow());
    flow.send("detect", { _msgid: "1", topic: "Back Yard", payload: path });
    const { payload } = await flow.inbox("nothing").next();
    const { upload } = payload as { upload: Record<string, unknown> };
    assert.deepEqual(
      [upload.camera_id, upload.captured_at, upload.path],
      ["back_yard", "2026-09-11T12:31:00.000Z", path],
    );
  });

  const refused: [string, FlowMessage, string][] = [
    ["a number", { payload: 7 }, "BAD_PAYLOAD"],
    ["half a record", { payload: { upload_id: "up_1" } }, "BAD_PAYLOAD"],
    ["bytes that are no picture", { payload: Buffer.from("hello, this is text") }, "NOT_AN_IMAGE"],
    ["a path that is no picture's or clip's", { payload: "/etc/passwd" }, "NOT_A_MEDIA_FILE"],
    ["a picture that is not there", { payload: "/nowhere/at/all.jpg" }, "FILE_GONE"],
    ["a clip that is not there", { payload: "/nowhere/at/all.mp4" }, "FILE_GONE"],
    ["a command it does not know", { command: "explode" }, "UNKNOWN_COMMAND"],
    ["a command named like a method", { command: "constructor" }, "UNKNOWN_COMMAND"],
  ];
  for (const [what, message, code] of refused) {
    it(`refuses ${what}: ${code}`, async () => {
      flow = await startFlow(detectFlow());
      flow.send("detect", { _msgid: "1", ...message });
      const caught = await flow.inbox("caught").next();
      assert.equal(codeOf(caught), code);
      assert.deepEqual([flow.inbox("seen").messages, flow.inbox("completed").messages], [[], []]);
    });
  }

  it("does not refuse the same message again when it is sent again", async () => {
    flow = await startFlow(detectFlow());
    flow.send("detect", { handover: "elsewhere.1", payload: 7 });
    await flow.inbox("caught").next();
    flow.send("detect", { handover: "elsewhere.1", payload: 7, replayed: true });
    flow.send("detect", { handover: "elsewhere.2", payload: 8 });
    await eventually(() => flow?.inbox("caught").messages.length === 2, "two errors");
    const db = database();
    assert.equal(db.prepare("SELECT count(*) FROM work WHERE state = 'refused'").pluck().get(), 2);
    db.close();
  });

  it("works once on a message that comes twice", async () => {
    flow = await startFlow(detectFlow());
    const message = { handover: "elsewhere.1", payload: await uploadRecord(folder) };
    flow.send("detect", { ...message });
    await flow.inbox("nothing").next();
    flow.send("detect", { ...message, replayed: true });
    await eventually(() => flow?.inbox("completed").messages.length === 2, "the second to complete");
    assert.equal(flow.inbox("nothing").messages.length, 1);
  });

  it("answers a command on its last output", async () => {
    flow = await startFlow(detectFlow());
    flow.send("detect", { _msgid: "1", payload: await scene() });
    await flow.inbox("nothing").next();
    flow.send("detect", { _msgid: "2", command: "reset" });
    await flow.inbox("answers").next();
    // With no background to compare with, a figure is nothing new.
    flow.send("detect", { _msgid: "3", payload: await scene(FIGURE) });
    await eventually(() => flow?.inbox("nothing").messages.length === 2, "the second picture");
  });

  const misconfigured: [string, () => NodeConfig[], RegExp][] = [
    ["without a site", () => [{ id: "detect", type: "detect", wires: [] }], /choose a vigil-site/],
    [
      "whose site cannot work",
      () => [site({ lowMax: "90" }), { id: "detect", type: "detect", site: "site", wires: [] }],
      /lowMax/,
    ],
    [
      "with a value out of range",
      () => [site(), { id: "detect", type: "detect", site: "site", confidence: "7", wires: [] }],
      /confidence/,
    ],
    [
      "with a threshold that is none",
      () => [site(), { id: "detect", type: "detect", site: "site", thresholds: "person 60%", wires: [] }],
      /thresholds: .{1,2}person 60%.{1,2} is not one label/,
    ],
    [
      "with a mask that is not JSON",
      () => [site(), { id: "detect", type: "detect", site: "site", mask: "the street", wires: [] }],
      /mask: is not JSON/,
    ],
    [
      "with an address that is none",
      () => [site(), { id: "detect", type: "detect", site: "site", url: "gpu box", wires: [] }],
      /must be a URL/,
    ],
  ];
  for (const [what, nodes, reason] of misconfigured) {
    it(`${what} says so and answers every message with it`, async () => {
      flow = await startFlow([...nodes(), ...errorsTo("caught")]);
      flow.send("detect", { payload: Buffer.alloc(3) });
      const caught = await flow.inbox("caught").next();
      assert.match(JSON.stringify(caught.error), reason);
    });
  }

  it("of one site keeps the data folder from another", async () => {
    flow = await startFlow([
      site(),
      site({ id: "site2" }),
      { id: "first", type: "dedupe", site: "site", wires: [] },
      { id: "second", type: "dedupe", site: "site2", wires: [] },
      ...errorsTo("caught"),
    ]);
    flow.send("second", { payload: {} });
    // The other one might have been a Node-RED that is ending.
    const { messages } = flow.inbox("caught");
    assert.equal(codeOf(await eventually(() => messages[0], "the refusal", 15_000)), "STORE_LOCKED");
  });

  it("refuses a folder that overlaps another's", async () => {
    flow = await startFlow([
      site(),
      { id: "outer", type: "foscam-watch", site: "site", folder: join(folder, "cameras"), wires: [] },
      { id: "inner", type: "foscam-watch", site: "site", folder: join(folder, "cameras", "front"), wires: [] },
      ...errorsTo("caught"),
    ]);
    flow.send("inner", { command: "scan" });
    assert.equal(codeOf(await flow.inbox("caught").next()), "ROOTS_OVERLAP");
  });

  it("with no data folder works in memory and says so", async () => {
    flow = await startFlow([site({ dataDir: "" }), ...detectFlow().slice(1)]);
    flow.send("detect", { _msgid: "1", payload: await scene() });
    await flow.inbox("nothing").next();
    await eventually(() => flow?.statuses("detect").some((text) => text.includes("notDurable")), "the status", 3000);
  });

  it("closes and opens again with its site when that changes", async () => {
    flow = await startFlow(detectFlow());
    flow.send("detect", { _msgid: "1", payload: await scene() });
    await flow.inbox("nothing").next();
    await flow.deploy([site({ site: "cabin" }), ...detectFlow().slice(1)], "nodes");
    flow.send("detect", { _msgid: "2", payload: await scene(null, { seed: 2 }) });
    await eventually(() => flow?.inbox("nothing").messages.length === 2, "a picture after the deploy");
  });

  describe("foscam-watch", () => {
    it("makes folders that share an id wait until they are told apart", async () => {
      const watch = {
        id: "watch",
        type: "foscam-watch",
        site: "site",
        folder: join(folder, "cameras"),
        wires: [["uploads"]],
      };
      const drop = async (camera: string, seed: number) => {
        mkdirSync(join(folder, "cameras", camera), { recursive: true });
        writeFileSync(join(folder, "cameras", camera, "a.jpg"), await scene(null, { seed }));
      };
      flow = await startFlow([site(), watch, ...helpers("uploads")]);
      await drop("front-door", 1);
      await flow.inbox("uploads").next();
      await drop("Front Door", 2);
      await eventually(() => flow?.log.some((line) => /Front Door.*front-door/.test(line)), "the complaint");
      assert.equal(flow.inbox("uploads").messages.length, 1);
      await flow.deploy(
        [site({ cameras: [{ id: "front_2", folder: "Front Door" }] }), watch, ...helpers("uploads")],
        "nodes",
      );
      const second = await flow.inbox("uploads").next(({ topic }) => topic === "front_2");
      assert.match(String(second.filename), /Front Door/);
    });

    it("takes a root that is one camera's own", async () => {
      flow = await startFlow([
        site(),
        {
          id: "watch",
          type: "foscam-watch",
          site: "site",
          folder: join(folder, "porch"),
          camera: "Porch",
          wires: [["uploads"]],
        },
        ...helpers("uploads"),
      ]);
      mkdirSync(join(folder, "porch"), { recursive: true });
      writeFileSync(join(folder, "porch", "a.jpg"), await scene());
      assert.equal((await flow.inbox("uploads").next()).topic, "porch");
    });

    it("takes a root for the camera that it names, also where a folder has that id", async () => {
      const [all, own] = [join(folder, "cameras"), join(folder, "own")];
      flow = await startFlow([
        site(),
        { id: "watch", type: "foscam-watch", site: "site", folder: all, wires: [["uploads"], [], []] },
        {
          id: "own",
          type: "foscam-watch",
          site: "site",
          folder: own,
          camera: "front_door",
          wires: [["uploads"], [], []],
        },
        ...helpers("uploads"),
      ]);
      mkdirSync(join(all, "Front Door"), { recursive: true });
      writeFileSync(join(all, "Front Door", "a.jpg"), await scene());
      await flow.inbox("uploads").next();
      mkdirSync(own, { recursive: true });
      writeFileSync(join(own, "b.jpg"), await scene(null, { seed: 2 }));
      await eventually(() => flow?.inbox("uploads").messages.length === 2, "the second picture");
      assert.deepEqual(
        flow.inbox("uploads").messages.map(({ topic }) => topic),
        ["front_door", "front_door"],
      );
    });

    it("takes what was there before, if asked to", async () => {
      mkdirSync(join(folder, "cameras", "porch"), { recursive: true });
      writeFileSync(join(folder, "cameras", "porch", "old.jpg"), await scene());
      flow = await startFlow([
        site(),
        {
          id: "watch",
          type: "foscam-watch",
          site: "site",
          folder: join(folder, "cameras"),
          existing: true,
          wires: [["uploads"]],
        },
        ...helpers("uploads"),
      ]);
      await flow.inbox("uploads").next();
    });

    it("takes the same name with new content as a new upload", async () => {
      flow = await startFlow([
        site(),
        {
          id: "watch",
          type: "foscam-watch",
          site: "site",
          folder: join(folder, "porch"),
          camera: "porch",
          wires: [["uploads"]],
        },
        ...helpers("uploads"),
      ]);
      mkdirSync(join(folder, "porch"), { recursive: true });
      const file = join(folder, "porch", "snap.jpg");
      writeFileSync(file, await scene());
      await flow.inbox("uploads").next();
      writeFileSync(file, await scene(FIGURE));
      await eventually(() => flow?.inbox("uploads").messages.length === 2, "the second upload");
      const ids = flow.inbox("uploads").messages.map(({ payload }) => (payload as { upload_id: string }).upload_id);
      assert.notEqual(ids[0], ids[1]);
    });
  });

  describe("dedupe", () => {
    const dedupeFlow = (): NodeConfig[] => [
      site(),
      { id: "dedupe", type: "dedupe", site: "site", window: "60", wires: [["new"], ["duplicate"], ["answers"]] },
      ...helpers("new", "duplicate", "answers"),
    ];
    const upload = (id: string, changes: object = {}) => ({
      payload: { ...detectedUpload("porch", id, new Date().toISOString()), ...changes },
    });

    it("lets content pass once per camera, and again once told to forget", async () => {
      flow = await startFlow(dedupeFlow());
      flow.send("dedupe", upload("1"));
      flow.send("dedupe", upload("2"));
      flow.send("dedupe", upload("3", { camera_id: "yard" }));
      flow.send("dedupe", { command: "reset" });
      await flow.inbox("answers").next();
      flow.send("dedupe", upload("4"));
      await eventually(() => flow?.inbox("new").messages.length === 3, "three new ones");
      const duplicates = flow.inbox("duplicate").messages;
      assert.deepEqual([duplicates.length, duplicates[0]?.original_id], [1, "up_1"]);
    });

    it("does not take an upload that comes again for its own duplicate", async () => {
      flow = await startFlow(dedupeFlow());
      flow.send("dedupe", { ...upload("1"), _msgid: "1" });
      flow.send("dedupe", { ...upload("1"), _msgid: "2" });
      await eventually(() => flow?.inbox("new").messages.length === 2, "both");
    });

    it("lets everything pass, with a warning, while the store cannot answer", async () => {
      flow = await startFlow(dedupeFlow());
      const intruder = new Database(join(folder, "data", "vigil.db"));
      try {
        intruder.exec("BEGIN IMMEDIATE");
        flow.send("dedupe", upload("1"));
        await flow.inbox("new").next();
        assert.ok(flow.log.some((line) => line.startsWith("dedupe warn: The store cannot answer")));
      } finally {
        intruder.close();
      }
    });
  });

  describe("batch-window", () => {
    const batchFlow = (changes: Partial<NodeConfig> = {}): NodeConfig[] => [
      site(),
      {
        id: "batch",
        type: "batch-window",
        site: "site",
        idle: "0.3",
        window: "60",
        wires: [["batches"], ["answers"]],
        ...changes,
      },
      ...helpers("batches", "answers"),
    ];
    const batches = () => flow?.inbox("batches").messages.map(({ payload }) => payload as BatchPayload) ?? [];

    it("gathers a camera's detections until nothing more comes", async () => {
      flow = await startFlow(batchFlow());
      for (const second of [0, 0.1, 0.2]) flow.send("batch", detected("porch", second));
      flow.send("batch", detected("yard", 0));
      await eventually(() => batches().length === 2, "two batches");
      const porch = batches().find(({ camera_id }) => camera_id === "porch");
      assert.deepEqual([porch?.close_reason, porch?.detections.length, porch?.uploads.length], ["idle", 3, 3]);
    });

    const closing: [string, Partial<NodeConfig>, FlowMessage[], [string, number][]][] = [
      [
        "a window that is full",
        { window: "10", idle: "20" },
        [detected("porch", 0), detected("porch", 11)],
        [["window", 1]],
      ],
      [
        "a gap in capture time",
        { window: "60", idle: "5" },
        [detected("porch", 0), detected("porch", 7)],
        [["idle", 1]],
      ],
      [
        "too many detections",
        { idle: "20", maxDetections: "2" },
        [detected("porch", 0), detected("porch", 1)],
        [["size", 2]],
      ],
      [
        "an urgent detection",
        { idle: "20" },
        [detected("porch", 0), detected("porch", 1, "person", 0.95)],
        [["fast_path", 2]],
      ],
      [
        "an idle time of nothing",
        { idle: "0" },
        [detected("porch", 0), detected("porch", 1)],
        [
          ["idle", 1],
          ["idle", 1],
        ],
      ],
    ];
    for (const [what, config, messages, expected] of closing) {
      it(`closes a batch for ${what}`, async () => {
        flow = await startFlow(batchFlow(config));
        for (const message of messages) flow.send("batch", message);
        await eventually(() => batches().length === expected.length, "the batches");
        assert.deepEqual(
          batches().map(({ close_reason, detections }) => [close_reason, detections.length]),
          expected,
        );
      });
    }

    it("does not close a live batch for a backlog", async () => {
      flow = await startFlow(batchFlow({ idle: "20" }));
      flow.send("batch", detected("porch", 0));
      flow.send("batch", detected("porch", -86_400));
      flow.send("batch", { command: "flush" });
      await eventually(() => batches().length === 2, "two batches");
      assert.deepEqual(
        batches().map(({ close_reason }) => close_reason),
        ["flush", "flush"],
      );
      assert.deepEqual((await flow.inbox("answers").next()).payload, { closed: 2 });
    });

    it("arms an open batch's timer again after a restart", async () => {
      flow = await startFlow(batchFlow({ idle: "1" }));
      flow.send("batch", { ...detected("porch", 0), house: "mine" });
      const db = database();
      await eventually(() => db.prepare("SELECT 1 FROM batches").get() !== undefined, "an open batch");
      db.close();
      await flow.stop();
      flow = await startFlow(batchFlow({ idle: "1" }));
      const closed = await flow.inbox("batches").next();
      assert.deepEqual([closed.house, (closed.payload as BatchPayload).close_reason], ["mine", "idle"]);
    });

    it("gives each batch the properties of its own messages", async () => {
      flow = await startFlow(batchFlow({ window: "10", idle: "20" }));
      flow.send("batch", { ...detected("porch", 0), mine: "first" });
      flow.send("batch", { ...detected("porch", 11), yours: "second" });
      const { mine, yours } = await flow.inbox("batches").next();
      assert.deepEqual([mine, yours], ["first", undefined]);
    });

    it("does not count an inspection twice", async () => {
      flow = await startFlow(batchFlow());
      const message = detected("porch", 0);
      flow.send("batch", { ...message, _msgid: "1" });
      flow.send("batch", { ...message, _msgid: "2" });
      await eventually(() => batches().length === 1, "the batch");
      assert.equal(batches()[0]?.detections.length, 1);
    });
  });

  describe("risk-alert", () => {
    it("decides on an event from elsewhere, and keeps the decision", async () => {
      flow = await startFlow([
        site(),
        {
          id: "alert",
          type: "risk-alert",
          site: "site",
          rules: [{ name: "High", minScore: 60, labels: ["person", "dog"] }],
          wires: [["alerts"], ["suppressed"], []],
        },
        ...helpers("alerts", "suppressed"),
        ...errorsTo("caught"),
      ]);
      flow.send("alert", { payload: event("ev_1", 70) });
      flow.send("alert", { payload: event("ev_2", 20) });
      flow.send("alert", { payload: { ...event("ev_3", 20), risk_level: null } });
      await flow.inbox("alerts").next();
      await flow.inbox("suppressed").next();
      assert.equal(codeOf(await flow.inbox("caught").next()), "BAD_PAYLOAD");
      const db = database();
      assert.deepEqual(db.prepare("SELECT event_id, outcome FROM decisions ORDER BY event_id").raw().all(), [
        ["ev_1", "alert"],
        ["ev_2", "suppressed"],
      ]);
      db.close();
    });
  });
});

interface BatchPayload {
  camera_id: string;
  close_reason: string;
  detections: unknown[];
  uploads: unknown[];
}

async function uploadRecord(folder: string) {
  const path = join(folder, "still.jpg");
  const bytes = await scene();
  writeFileSync(path, bytes);
  const { createHash } = await import("node:crypto");
  const now = new Date().toISOString();
  return {
    upload_id: "up_elsewhere",
    camera_id: "porch",
    path,
    media_type: "image",
    size: bytes.length,
    captured_at: now,
    received_at: now,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

/** What `detect` would send of a picture captured so many seconds from now. */
function detected(camera: string, second: number, label = "car", confidence = 0.7): FlowMessage {
  const capturedAt = new Date(Date.now() + second * 1000).toISOString();
  const id = `${camera}_${second}`;
  const frame = { width: 640, height: 360 };
  return {
    topic: camera,
    payload: {
      inspection_id: `in_${id}`,
      upload: detectedUpload(camera, id, capturedAt),
      frame,
      detections: [
        {
          detection_id: `de_${id}`,
          upload_id: `up_${id}`,
          captured_at: capturedAt,
          offset_ms: 0,
          label,
          confidence,
          x: 1,
          y: 2,
          width: 30,
          height: 40,
          frame_width: frame.width,
          frame_height: frame.height,
        },
      ],
      thumbnail_path: null,
      detector: "test",
      inference_ms: null,
    },
  };
}

function detectedUpload(camera: string, id: string, at: string) {
  return {
    upload_id: `up_${id}`,
    camera_id: camera,
    path: `/pictures/${id}.jpg`,
    media_type: "image",
    size: 100,
    captured_at: at,
    received_at: at,
    sha256: "0".repeat(64),
  };
}

function event(id: string, score: number) {
  const now = new Date().toISOString();
  return {
    event_id: id,
    batch_id: `ba_${id}`,
    camera_id: "porch",
    camera_name: "Porch",
    started_at: now,
    ended_at: now,
    revision: 1,
    final: true,
    risk_score: score,
    risk_level: score >= 60 ? "high" : "low",
    analysis: "model",
    summary: "A person.",
    reasoning: "Because.",
    recommended_action: null,
    labels: ["person"],
    detection_count: 1,
    fast_path: false,
    thumbnail_path: null,
    model: "m",
    prompt_version: "p",
    reviewed: false,
    created_at: now,
    detections: [],
  };
}
