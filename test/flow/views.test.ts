/** A camera's view in a real flow: learnt, told over MQTT when it is another one, told to the model, and accepted. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { connectAsync, type MqttClient } from "mqtt";
import sharp from "sharp";
import { drawScene } from "../../flows/demo-scene.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PERSON = { class: "person", confidence: 0.87, bbox: { x: 300, y: 180, width: 60, height: 130 } };
const PORCH = "vigil/home/camera/porch";
const PROBLEM = "vigil/home/hub/problem";

describe("a camera's view", function () {
  this.timeout(60_000);
  let folder: string;
  let broker: Broker;
  let subscriber: Subscriber;
  let commands: MqttClient;
  let detector: DetectorServer;
  let flow: Flow | null = null;
  let pictures = 0;

  beforeEach(async () => {
    folder = tempFolder();
    mkdirSync(join(folder, "cameras", "Porch"), { recursive: true });
    broker = await startBroker();
    subscriber = await subscribe(broker.url, "#");
    commands = await connectAsync(broker.url);
    detector = await startDetectorServer();
    detector.answer([PERSON]);
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await Promise.all([subscriber.close(), commands.endAsync(true)]);
    await Promise.all([broker.stop(), detector.close()]);
  });
  after(removeTempFolders);

  const start = async (views = true) => {
    flow = await startFlow([
      { id: "site", type: "vigil-site", dataDir: join(folder, "data"), mqttUrl: broker.url, timeZone: "UTC" },
      { id: "watch", type: "foscam-watch", site: "site", folder: join(folder, "cameras"), wires: [["new"], [], []] },
      { id: "new", type: "dedupe", site: "site", wires: [["detect"], ["copies"], []] },
      { id: "detect", type: "detect", site: "site", url: detector.url, views, wires: [["batch"], [], ["answers"]] },
      { id: "batch", type: "batch-window", site: "site", idle: "0", wires: [["enrich"], []] },
      { id: "enrich", type: "enrich", site: "site", wires: [["batches"], []] },
      { id: "batches", type: "helper" },
      { id: "copies", type: "helper" },
      { id: "answers", type: "helper" },
    ]);
    return flow;
  };
  const put = (bytes: Buffer) => {
    pictures++;
    writeFileSync(join(folder, "cameras", "Porch", `${pictures}.jpg`), bytes);
  };
  const picture = () => drawScene({ visitor: "walker", progress: 0.5 });
  /** As the camera would see it after somebody turned it. */
  const elsewhere = async () =>
    sharp(await drawScene({ visitor: "walker", progress: 0.5 }))
      .extract({ left: 200, top: 60, width: 440, height: 300 })
      .resize(640, 360, { fit: "fill" })
      .jpeg()
      .toBuffer();
  /** Uploads a picture and waits for its batch, which is answered. */
  const upload = async (running: Flow, bytes: Buffer): Promise<Record<string, unknown>> => {
    const before = running.inbox("batches").messages.length;
    put(bytes);
    await eventually(() => running.inbox("batches").messages.length > before, "the batch");
    return Object(running.inbox("batches").messages.at(-1)?.payload);
  };
  const state = (topic: string) =>
    subscriber.messages.findLast((message) => message.topic === topic)?.payload.toString();
  const becomes = (topic: string, payload: string) =>
    eventually(() => state(topic) === payload, `${topic} to be ${payload}`);
  /** While nothing runs: as if what the store remembers had begun so many minutes before. */
  const age = (minutes: number) => {
    const db = new Database(join(folder, "data", "vigil.db"));
    db.prepare("UPDATE watches SET differs_ms = differs_ms - :ms, repeats_ms = repeats_ms - :ms").run({
      ms: minutes * 60_000,
    });
    db.close();
  };
  const learnt = async () => {
    const running = await start();
    for (let n = 0; n < 6; n++) await upload(running, await picture());
    await becomes(`${PORCH}/view`, "ok");
    return running;
  };

  it("is told to the model at once and to people once it lasts, and is well again once it is accepted", async () => {
    let running = await learnt();
    const first = await upload(running, await elsewhere());
    assert.partialDeepStrictEqual(Object(first.context).scene, { view: "moved", pictures: 1, lasting: false });
    await upload(running, await elsewhere());
    const third = await upload(running, await elsewhere());
    assert.equal(Object(third.context).scene.pictures, 3);
    assert.equal(state(`${PORCH}/view`), "ok");
    await running.stop();
    age(6);
    running = await start();
    await becomes(`${PORCH}/view`, "moved");
    await becomes(PROBLEM, "ON");
    assert.deepEqual(JSON.parse(state(`${PROBLEM}/attributes`) ?? "").causes, [
      "porch shows something else: it was moved",
    ]);
    await commands.publishAsync(`${PORCH}/accept_view/set`, "PRESS", { qos: 1 });
    await becomes(`${PORCH}/view`, "learning");
    await becomes(PROBLEM, "OFF");
    for (let n = 0; n < 6; n++) await upload(running, await elsewhere());
    await becomes(`${PORCH}/view`, "ok");
    const last = await upload(running, await elsewhere());
    assert.equal("scene" in Object(last.context ?? {}), false);
  });

  it("is accepted by a message as well, which names a camera that there is", async () => {
    const running = await learnt();
    running.send("detect", { _msgid: "a", command: "accept-view", payload: "porch" });
    const { payload } = await running.inbox("answers").next();
    assert.deepEqual(payload, { camera_id: "porch", view: null });
    await becomes(`${PORCH}/view`, "learning");
    running.send("detect", { _msgid: "b", command: "accept-view", payload: "attic" });
    await eventually(() => running.log.find((line) => /no camera "attic"/.test(line)), "the refusal");
  });

  it("is frozen where the same content comes again and again, though dedupe lets it go no further", async () => {
    let running = await learnt();
    const bytes = await picture();
    await upload(running, bytes);
    put(bytes);
    await eventually(() => running.inbox("copies").messages.length === 1, "the first copy");
    await running.stop();
    age(11);
    running = await start();
    put(bytes);
    await eventually(() => running.inbox("copies").messages.length === 1, "the second copy");
    await becomes(`${PORCH}/view`, "frozen");
    await upload(running, await picture());
    await becomes(`${PORCH}/view`, "ok");
  });

  it("is not watched where the form says so", async () => {
    const running = await start(false);
    for (let n = 0; n < 6; n++) await upload(running, await picture());
    await becomes(`${PORCH}/events_today`, "0");
    assert.equal(state(`${PORCH}/view`), "unwatched");
  });
});
