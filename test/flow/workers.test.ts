/** Machines that only look at pictures: the two examples for them, on Node-REDs of their own and one Mosquitto. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type IClientPublishOptions, type MqttClient } from "mqtt";
import { Detected } from "../../lib/domain/detection.ts";
import type { Upload } from "../../lib/domain/upload.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Changes, readExample } from "../support/examples.ts";
import { leftovers, violations } from "../support/invariants.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { type NodeRed, startNodeRed } from "../support/node-red.ts";
import { pixelsOf, scene } from "../support/pictures.ts";
import { rowsIn } from "../support/rows.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";
import { vigilUserDir } from "../support/user-dir.ts";

const SOMEBODY = { x: 300, y: 120, width: 80, height: 160 };
const PERSON = { class: "person", confidence: 0.87, bbox: SOMEBODY };
const RED = [0xe7, 0x48, 0x56];
const AGAIN = "unanswered: again";
const SOON = { payload: '{"older_than":0.1}' };
/** What a worker says of a picture in which it has seen nothing, but of which. */
const EMPTY = {
  frame: { width: 640, height: 360 },
  detections: [],
  thumbnail_path: null,
  detector: "elsewhere",
  inference_ms: null,
};

interface Sent {
  readonly topic: string;
  readonly payload: Buffer;
  readonly options: IClientPublishOptions;
}

interface Inspection {
  readonly upload_id: string;
  readonly outcome: string;
  readonly detector: string;
  readonly thumbnail_path: string | null;
}

/** Several Node-REDs start at once. */
const until = <T>(look: () => T | undefined | false | Promise<T | undefined | false>, what: string) =>
  eventually(look, what, 30_000);

describe("workers", function () {
  this.timeout(120_000);
  let broker: Broker;
  let listener: MqttClient;
  /** What went over the broker, between the machines. */
  let sent: Sent[];
  let detector: DetectorServer;
  let folder: string;
  let main: NodeRed;
  let workers: NodeRed[];

  before(async function () {
    broker = await startBroker();
    // Aedes speaks no MQTT 5.
    if (broker.kind === "aedes") this.skip();
  });
  after(() => broker?.stop());

  beforeEach(async () => {
    folder = tempFolder();
    workers = [];
    sent = [];
    detector = await startDetectorServer();
    detector.answer([PERSON]);
    listener = await connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 200 });
    listener.on("message", (topic, payload, { properties }) => {
      const { userProperties } = properties ?? {};
      sent.push({ topic, payload, options: { qos: 1, ...(userProperties && { properties: { userProperties } }) } });
    });
    await listener.subscribeAsync(["vigil-workers/#", "vigil/#"], { qos: 1 });
    main = await startNodeRed("node-red", vigilUserDir(join(folder, "main")));
  });

  afterEach(async () => {
    await Promise.all([main?.stop(), ...workers.map((worker) => worker.stop())]);
    await listener.endAsync(true);
    await detector.close();
    removeTempFolders();
  });

  const port = () => ({ "mqtt-broker": { port: String(broker.port) } });
  const settings = () => ({ ...port(), "vigil-site": { mqttUrl: broker.url }, "batch-window": { idle: 0 } });
  const deployMain = (changes: Changes = {}) =>
    main.deploy(readExample("6 Main machine of workers", { ...settings(), ...changes }));
  /** Each on another version of Node-RED than the main machine. */
  const startWorker = async (name: string) => {
    const worker = await startNodeRed("node-red-4", vigilUserDir(join(folder, name)));
    workers.push(worker);
    await worker.deploy(readExample("7 Worker", { ...port(), detect: { url: detector.url } }));
    await until(() => worker.log().includes("Connected to broker"), "the worker's connection");
    return worker;
  };
  const drop = (name: string, bytes: Buffer) => {
    const camera = join(folder, "main", "cameras", "Front Door");
    mkdirSync(camera, { recursive: true });
    writeFileSync(join(camera, name), bytes);
  };
  const onMain = <T>(sql: string) => rowsIn<T>(join(folder, "main", "vigil"), sql);
  const inspections = () => onMain<Inspection>("SELECT upload_id, outcome, detector, thumbnail_path FROM inspections");
  const accounts = () => onMain<{ what: string }>("SELECT what FROM account").map(({ what }) => what);
  const inspected = (count: number) =>
    until(() => inspections().length === count && inspections(), `${count} inspections`);
  const events = () => onMain("SELECT 1 FROM events").length;
  const answers = () => sent.filter(({ topic }) => topic === "vigil-workers/home/answers");
  /** What contradicts itself in the main machine's store once it has come to rest. */
  const wrong = async () => {
    const database = join(folder, "main", "vigil", "vigil.db");
    await until(() => leftovers(database).length === 0, "rest");
    return violations(database);
  };
  /** As the example's own timer does. */
  const sendAgain = async () => {
    const inject = readExample("6 Main machine of workers").find(({ name }) => name === AGAIN);
    await fetch(`${main.url}inject/${inject?.id}`, { method: "POST" });
  };

  it("look at the pictures of another machine, which goes on with what they have seen", async () => {
    detector.answer(({ size }) => (size === emptySize ? [] : [PERSON]));
    const empty = await scene();
    const emptySize = empty.length;
    await Promise.all([startWorker("worker"), startWorker("other")]);
    await deployMain();
    drop("empty.jpg", empty);
    for (let seed = 1; seed <= 5; seed++) drop(`${seed}.jpg`, await scene(SOMEBODY, { seed }));
    const found = await inspected(6);
    assert.equal(found.filter(({ outcome }) => outcome === "nothing").length, 1);
    assert.deepEqual([...new Set(found.map(({ detector: by }) => by))], [detector.url]);
    for (const name of ["worker", "other"]) {
      assert.ok(
        rowsIn(join(folder, name, "vigil-worker"), "SELECT 1 FROM inspections").length > 0,
        `${name} has a share`,
      );
    }
    await until(() => events() === 5, "the events");
    for (const { thumbnail_path } of found.filter(({ outcome }) => outcome === "seen")) {
      assert.ok(thumbnail_path?.startsWith(join(folder, "main")), "drawn where it is needed");
      assert.ok((await pixelsOf(thumbnail_path ?? "", RED)) > 50);
    }
    const pictures = onMain<{ picture_path: string | null }>("SELECT picture_path FROM events");
    for (const { picture_path } of pictures) assert.ok(picture_path !== null && existsSync(picture_path));
    const last = (key: string) =>
      sent.findLast(({ topic }) => topic === `vigil/home/camera/front_door/${key}`)?.payload;
    await until(() => last("person")?.toString() === "ON", "the person in Home Assistant");
    assert.deepEqual([...(last("last_picture")?.subarray(0, 2) ?? [])], [0xff, 0xd8]);
    assert.deepEqual(await wrong(), []);
  });

  it("count once where a picture or an answer comes twice", async () => {
    await startWorker("worker");
    await deployMain();
    drop("a.jpg", await scene(SOMEBODY));
    await inspected(1);
    const before = answers();
    const between = sent.filter(({ topic }) => topic.startsWith("vigil-workers/"));
    for (const { topic, payload, options } of between) await listener.publishAsync(topic, payload, options);
    // That of the picture, and the answer that is published again.
    await until(() => answers().length === before.length + 2, "the answers");
    const looked = answers().map(({ payload }) => Detected.parse(JSON.parse(payload.toString())));
    assert.equal(new Set(looked.map(({ inspection_id }) => inspection_id)).size, 1);
    // As a worker with another detector gives it.
    const [answer] = before;
    const others = { ...looked[0], inspection_id: "in_other", detector: "other" };
    await listener.publishAsync("vigil-workers/home/answers", JSON.stringify(others), answer?.options);
    drop("b.jpg", await scene(SOMEBODY, { seed: 1 }));
    await until(() => accounts().filter((what) => what === "inspected").length === 2, "the next picture");
    assert.equal(inspections().length, 2);
    await until(() => events() === 2, "the events");
    assert.equal(onMain("SELECT 1 FROM batch_inspections").length, 2);
    assert.deepEqual(await wrong(), []);
  });

  it("may be killed in the middle, and never come back: others get their pictures", async () => {
    detector.misbehave("never");
    const worker = await startWorker("worker");
    await deployMain({ [AGAIN]: SOON });
    for (let seed = 0; seed < 8; seed++) drop(`${seed}.jpg`, await scene(SOMEBODY, { seed }));
    await detector.received(1);
    await worker.kill();
    workers = [];
    await until(() => accounts().filter((what) => what === "air").length === 8, "open uploads");
    assert.deepEqual(inspections(), []);
    detector.misbehave(null);
    await startWorker("other");
    await until(async () => {
      await sendAgain();
      return inspections().length === 8;
    }, "the inspections");
    await until(() => events() === 8, "the events");
    assert.deepEqual([...new Set(accounts())], ["inspected"]);
    assert.deepEqual(await wrong(), []);
    // It goes on with what it had: those answers come too late, and change nothing.
    const before = answers().length;
    await startWorker("worker");
    await until(() => answers().length > before, "late answers");
    drop("last.jpg", await scene(SOMEBODY, { seed: 8 }));
    await inspected(9);
    await until(() => events() === 9, "the last event");
    assert.deepEqual(await wrong(), []);
  });

  it("do not mind that the main machine is killed in the middle", async () => {
    await startWorker("worker");
    await deployMain({ [AGAIN]: SOON });
    const pictures = await Promise.all(Array.from({ length: 8 }, (_, seed) => scene(SOMEBODY, { seed })));
    for (const [n, picture] of pictures.entries()) drop(`${n}.jpg`, picture);
    await detector.received(2);
    await main.kill();
    main = await startNodeRed("node-red", vigilUserDir(join(folder, "main")));
    await until(async () => {
      await sendAgain();
      return inspections().length === 8;
    }, "the inspections");
    await until(() => events() === 8, "the events");
    assert.deepEqual([...new Set(accounts())], ["inspected"]);
    assert.deepEqual(await wrong(), []);
  });

  it("get what was dropped while the broker was away", async () => {
    await startWorker("worker");
    await deployMain({ [AGAIN]: SOON });
    await until(() => main.log().includes("Connected to broker"), "the connection");
    await broker.stop();
    await until(() => main.log().includes("Disconnected from broker"), "the end of the connection");
    drop("a.jpg", await scene(SOMEBODY));
    await until(() => accounts().includes("air"), "an open upload");
    await broker.start();
    await until(async () => {
      await sendAgain();
      return inspections().length === 1;
    }, "the inspection");
    await until(() => events() === 1, "the event");
    assert.deepEqual(await wrong(), []);
  });

  it("are not waited for without an end: the main machine looks itself, and needs no answer any more", async () => {
    const halfAnHour = JSON.stringify(readExample("6 Main machine of workers", { ...settings(), [AGAIN]: SOON }));
    assert.equal(halfAnHour.match(/1800000/g)?.length, 2);
    await main.deploy(JSON.parse(halfAnHour.replaceAll("1800000", "500")));
    drop("a.jpg", await scene(SOMEBODY));
    await until(async () => {
      await sendAgain();
      return inspections().length === 1;
    }, "the inspection");
    assert.equal(inspections()[0]?.detector, "motion");
    const [upload] = onMain<Upload>("SELECT * FROM uploads");
    assert.ok(upload);
    const answer = async (of: Upload) => {
      const looked = { ...EMPTY, inspection_id: `answer ${of.upload_id}`, upload: of };
      await listener.publishAsync("vigil-workers/home/answers", JSON.stringify(looked), { qos: 1 });
    };
    await answer(upload);
    await answer({ ...upload, upload_id: "another", received_at: new Date(Date.now() + 60_000).toISOString() });
    await until(() => accounts().length === 2, "the other upload");
    assert.equal(inspections().filter(({ upload_id }) => upload_id === upload.upload_id).length, 1);
  });

  it("get no picture that cannot be read any more: the main machine finds out what became of it", async () => {
    await deployMain({ picture: { filename: "/nowhere/picture.jpg", filenameType: "str" } });
    drop("a.jpg", await scene(SOMEBODY));
    const [found] = await inspected(1);
    assert.equal(found?.detector, "motion");
    assert.deepEqual(await wrong(), []);
  });
});
