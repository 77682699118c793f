/** Pictures on their way through Node-RED: those that look alike, and the large one of an event. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { Batch } from "../../lib/domain/batch.ts";
import { SecurityEvent } from "../../lib/domain/event.ts";
import { Upload } from "../../lib/domain/upload.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { startLlmServer } from "../support/llm-server.ts";
import { pixelsOf, scene } from "../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PERSON = { class: "person", confidence: 0.8, bbox: { x: 100, y: 40, width: 60, height: 120 } };
const RED = [0xe7, 0x48, 0x56];

describe("pictures in a flow", function () {
  this.timeout(60_000);
  let folder: string;
  let detector: DetectorServer;
  let flow: Flow | null = null;

  beforeEach(async () => {
    folder = tempFolder();
    detector = await startDetectorServer();
    detector.answer([PERSON]);
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await detector.close();
  });
  after(removeTempFolders);

  const cameras = () => join(folder, "cameras");
  const nodes = (similarity: string, analyze: object = {}): NodeConfig[] => [
    { id: "site", type: "vigil-site", site: "home", dataDir: join(folder, "data"), timeZone: "UTC" },
    { id: "watch", type: "foscam-watch", site: "site", folder: cameras(), wires: [["dedupe"], [], []] },
    { id: "dedupe", type: "dedupe", site: "site", similarity, wires: [["detect"], ["duplicates"], []] },
    { id: "detect", type: "detect", site: "site", url: detector.url, wires: [["batch", "seen"], [], []] },
    {
      id: "batch",
      type: "batch-window",
      site: "site",
      idle: "600",
      window: "3600",
      wires: [["analyze", "batches"], []],
    },
    { id: "analyze", type: "nemotron-analyze", site: "site", ...analyze, wires: [["events"], []] },
    ...["duplicates", "seen", "batches", "events"].map((id) => ({ id, type: "helper" })),
  ];

  const drop = (name: string, bytes: Buffer) => {
    mkdirSync(join(cameras(), "porch"), { recursive: true });
    writeFileSync(join(cameras(), "porch", name), bytes);
  };
  const uploadOf = (payload: unknown) => Upload.parse(payload);

  it("fold into the first of a burst, over a restart too, and are counted on it", async () => {
    flow = await startFlow(nodes("4"));
    const visitor = { x: 300, y: 100, width: 120, height: 200 };
    drop("a.jpg", await scene());
    await flow.inbox("seen").next();
    drop("b.jpg", await scene(null, { seed: 1 }));
    const first = await flow.inbox("duplicates").next();
    assert.match(uploadOf(first.payload).path, /b\.jpg$/);
    assert.equal(first.distance, 0);
    drop("c.jpg", await scene(visitor));
    await eventually(() => flow?.inbox("seen").messages.length === 2, "the other picture");

    await flow.stop();
    flow = await startFlow(nodes("4"));
    drop("d.jpg", await scene(null, { seed: 2 }));
    const later = await flow.inbox("duplicates").next(({ payload }) => /d\.jpg$/.test(uploadOf(payload).path));
    assert.equal(later.original_id, first.original_id);
    drop("e.jpg", await scene(visitor, { seed: 1 }));
    await flow.inbox("duplicates").next(({ payload }) => /e\.jpg$/.test(uploadOf(payload).path));

    flow.send("batch", { command: "flush" });
    const batch = Batch.parse((await flow.inbox("batches").next()).payload);
    assert.equal(batch.similar_count, 3);
    assert.deepEqual(
      batch.uploads.map(({ path }) => path.slice(-5)),
      ["a.jpg", "c.jpg"],
    );
    assert.equal(detector.requests.length, 2);
  });

  it("pass when they look alike, where dedupe is not told otherwise", async () => {
    flow = await startFlow(nodes(""));
    drop("a.jpg", await scene());
    drop("b.jpg", await scene(null, { seed: 1 }));
    await eventually(() => flow?.inbox("seen").messages.length === 2, "both pictures");
    flow.send("batch", { command: "flush" });
    const { payload } = await flow.inbox("batches").next();
    assert.equal(Object.hasOwn(Object(payload), "similar_count"), false);
  });

  for (const sees of [true, false]) {
    it(`are shown to a model that sees, and only to one: ${sees}`, async () => {
      const llm = await startLlmServer({ sees });
      try {
        flow = await startFlow(nodes("", { url: llm.url, pictures: "2", pictureSide: "640" }));
        drop("a.jpg", await scene(null, { width: 1920, height: 1080 }));
        await flow.inbox("seen").next();
        flow.send("batch", { command: "flush" });
        const event = SecurityEvent.parse((await flow.inbox("events").next()).payload);
        assert.equal(event.analysis, "model");
        assert.match(event.prompt_version ?? "", sees ? /^vision-/ : /^basic-/);
        const shown = llm.requests.at(-1)?.pictures ?? [];
        const sizes = await Promise.all(shown.map((jpeg) => sharp(jpeg).metadata()));
        assert.deepEqual(
          sizes.map(({ width, height }) => [width, height]),
          sees ? [[640, 360]] : [],
        );
      } finally {
        await llm.close();
      }
    });
  }

  it("are drawn large once for an event, which names the picture", async () => {
    flow = await startFlow(nodes(""));
    drop("a.jpg", await scene(null, { width: 1920, height: 1080 }));
    await flow.inbox("seen").next();
    flow.send("batch", { command: "flush" });
    const event = SecurityEvent.parse((await flow.inbox("events").next()).payload);
    const day = event.started_at.slice(0, 10);
    assert.equal(event.picture_path, join(folder, "data/pictures/porch", day, `${event.event_id}.jpg`));
    const { width, height } = await sharp(event.picture_path).metadata();
    assert.deepEqual([width, height], [1280, 720]);
    assert.ok((await pixelsOf(event.picture_path, RED)) > 1000, "the person's box is drawn");
  });
});
