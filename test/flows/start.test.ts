import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import Database from "better-sqlite3";
import { startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { ftpAvailable, startFtpServer } from "../support/ftp-server.ts";
import { startLlmServer } from "../support/llm-server.ts";
import { startBroker } from "../support/mosquitto.ts";
import { pixelsOf, scene } from "../support/pictures.ts";
import { type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";
import { killLaunched, type Launched, launch } from "./launcher.ts";

const EDITOR = /Editor +(http:\S+)/;
const BROKER = /mosquitto_sub -h 127\.0\.0\.1 -p (\d+)/;
const EVENTS = "vigil/home/security_events";

/** The colour of a motion detection's box. */
const BOX_COLOUR = [0x22, 0xd3, 0xee];

describe("npm start", function () {
  this.timeout(90_000);
  let folder = "";
  let subscriber: Subscriber | null = null;
  let closing = async (): Promise<unknown> => null;

  beforeEach(() => {
    folder = tempFolder();
  });
  afterEach(async () => {
    await subscriber?.close();
    subscriber = null;
    await killLaunched();
    await closing();
    closing = async () => null;
    removeTempFolders();
  });

  it("makes one event of two pictures that somebody puts into a camera's folder", async () => {
    const vigil = launch(folder, { VIGIL_BATCH_IDLE_SECONDS: "1" });
    const editor = await fetch(await vigil.printed(EDITOR));
    assert.equal(editor.status, 200);
    assert.match(await editor.text(), /<title>Vigil<\/title>/);
    subscriber = await subscribe(`mqtt://127.0.0.1:${await vigil.printed(BROKER)}`, "vigil/#");
    const data = join(folder, "data/vigil");

    const camera = join(folder, "data/cameras/front-door");
    mkdirSync(camera, { recursive: true });
    writeFileSync(join(camera, "empty.jpg"), await scene());
    await eventually(() => rows(data, "SELECT * FROM inspections").length === 1, "the first picture's inspection");
    writeFileSync(join(camera, "somebody.jpg"), await scene({ x: 300, y: 150, width: 60, height: 150 }));
    const message = await subscriber.waitFor(({ topic }) => topic === EVENTS, 20_000);

    const published = JSON.parse(message.payload.toString());
    assert.equal(published.type, "event");
    assert.equal(published.data.camera_id, "front_door");
    assert.deepEqual(published.data.labels, ["motion"]);
    assert.equal(published.data.analysis, "rules");

    await endsCleanly(vigil);
    assert.equal(subscriber.messages.filter(({ topic }) => topic === EVENTS).length, 1);

    const [event] = rows(data, "SELECT * FROM events");
    assert.equal(event?.event_id, published.data.event_id);
    assert.equal(rows(data, "SELECT * FROM events").length, 1);
    const [detection] = rows(data, "SELECT * FROM detections JOIN inspections USING(inspection_id)");
    assert.equal(detection?.label, "motion");
    assert.equal(event?.thumbnail_path, detection?.thumbnail_path);
    assert.ok((await pixelsOf(String(event?.thumbnail_path), BOX_COLOUR)) > 100, "the thumbnail shows the box");
  });

  it("has a simulated camera that makes events", async () => {
    const vigil = launch(folder, { VIGIL_DEMO_CAMERA: "on", VIGIL_SITE: "trial", VIGIL_BATCH_IDLE_SECONDS: "1" });
    subscriber = await subscribe(`mqtt://127.0.0.1:${await vigil.printed(BROKER)}`, "vigil/trial/#");
    const message = await subscriber.waitFor(({ topic }) => topic === "vigil/trial/security_events", 60_000);
    assert.equal(JSON.parse(message.payload.toString()).data.camera_id, "demo_camera");
    await endsCleanly(vigil);
  });

  it("works with the broker, the detector and the model that the environment names, over FTP", async function () {
    if (!ftpAvailable) this.skip();
    const cameras = join(folder, "ftp");
    const [broker, detector, llm, ftp] = await Promise.all([
      startBroker(),
      startDetectorServer(),
      startLlmServer(),
      startFtpServer(cameras, folder),
    ]);
    closing = () => Promise.all([broker.stop(), detector.close(), llm.close(), ftp.close()]);
    detector.answer([{ class: "person", confidence: 0.8125, bbox: { x: 300, y: 150, width: 60, height: 150 } }]);
    const verdict = { reasoning: "Someone waits.", summary: "A person waits at the gate.", risk_score: 73 };
    llm.answer({ ...verdict, recommended_action: "Look." });
    subscriber = await subscribe(broker.url, EVENTS);

    const vigil = launch(folder, {
      VIGIL_CAMERAS_DIR: "ftp",
      VIGIL_DATA_DIR: "elsewhere",
      VIGIL_MQTT_URL: broker.url,
      VIGIL_DETECTOR_URL: detector.url,
      VIGIL_LLM_URL: llm.url,
      VIGIL_BATCH_IDLE_SECONDS: "0",
    });
    assert.equal(await vigil.printed(/MQTT +(\S+)/), broker.url);
    const picture = join(folder, "still.jpg");
    writeFileSync(picture, await scene());
    await ftp.upload(picture, "Gate/snap/MDAlarm_20260911-123100.jpg");
    const message = await subscriber.waitFor(() => true, 20_000);
    await endsCleanly(vigil);

    const { data } = JSON.parse(message.payload.toString());
    const { camera_id, labels, analysis, model, reasoning, summary, risk_score, risk_level } = data;
    assert.deepEqual(
      { camera_id, labels, analysis, model, reasoning, summary, risk_score, risk_level },
      {
        camera_id: "gate",
        labels: ["person"],
        analysis: "model",
        model: "test-model.gguf",
        ...verdict,
        risk_level: "high",
      },
    );
    const [detection] = rows(join(folder, "elsewhere"), "SELECT * FROM detections");
    assert.equal(detection?.confidence, 0.8125);
    assert.deepEqual([detection?.x, detection?.y, detection?.width, detection?.height], [300, 150, 60, 150]);
    assert.equal(detector.requests.length, 1);
    assert.equal(llm.requests.length, 1);
  });

  it("ends with npm, whose shell hands no signal on", async () => {
    const vigil = launch(folder, {}, { byNpm: true });
    await vigil.printed(EDITOR);
    vigil.kill("SIGTERM");
    await vigil.printed(/(Stopping)/);
    await vigil.exit;
  });

  it("says in one line which variable is wrong, and ends", async () => {
    const vigil = launch(folder, { VIGIL_BATCH_IDLE_SECONDS: "soon" });
    assert.equal(await vigil.exit, 1);
    assert.equal(vigil.output(), 'VIGIL_BATCH_IDLE_SECONDS is "soon": must be a number of seconds from 0 to 3600\n');
  });

  it("says in one line that its port is taken, and ends without touching anything", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? address?.port : null;
    const vigil = launch(folder, { PORT: String(port) });
    assert.equal(await vigil.exit, 1);
    other.close();
    assert.match(vigil.output(), new RegExp(`^PORT is ${port}: another program uses that port; [^\n]+\n$`));
    assert.throws(() => rows(join(folder, "data/vigil"), "SELECT 1"), /directory does not exist/);
  });
});

async function endsCleanly(vigil: Launched): Promise<void> {
  const started = performance.now();
  vigil.kill("SIGINT");
  assert.equal(await vigil.exit, 0, vigil.output());
  assert.ok(performance.now() - started < 10_000, "it ends within ten seconds");
}

function rows(dataDir: string, query: string): Record<string, unknown>[] {
  const db = new Database(join(dataDir, "vigil.db"), { readonly: true });
  try {
    return db.prepare<[], Record<string, unknown>>(query).all();
  } finally {
    db.close();
  }
}
