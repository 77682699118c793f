/** The examples that bring pictures from elsewhere, imported into a Node-RED as they are, with real senders. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { Detected } from "../../lib/domain/detection.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Changes, readExample } from "../support/examples.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { type NodeRed, startNodeRed } from "../support/node-red.ts";
import { scene } from "../support/pictures.ts";
import { rowsIn } from "../support/rows.ts";
import { subscribe } from "../support/subscriber.ts";
import { removeTempFolders } from "../support/temp-folder.ts";
import { vigilUserDir } from "../support/user-dir.ts";

const SOMEBODY = { x: 300, y: 120, width: 80, height: 160 };
const PERSON = { class: "person", confidence: 0.87, bbox: SOMEBODY };

interface EventRow {
  readonly camera_id: string;
  readonly labels: string;
}

describe("the examples, imported", function () {
  this.timeout(60_000);
  let folder: string;
  let nodeRed: NodeRed;
  let broker: Broker;
  let sender: MqttClient;
  let detector: DetectorServer;
  let empty: Buffer;
  let taken: Buffer;

  before(async () => {
    folder = vigilUserDir();
    broker = await startBroker();
    sender = await connectAsync(broker.url);
    detector = await startDetectorServer();
    nodeRed = await startNodeRed("node-red", folder);
    [empty, taken] = await Promise.all([scene(), scene(SOMEBODY)]);
  });

  after(async () => {
    await nodeRed?.stop();
    await sender?.endAsync(true);
    await Promise.all([broker?.stop(), detector?.close()]);
    removeTempFolders();
  });

  /** A data folder of its own, so that no test sees what another has stored. */
  const deploy = (name: string, dataDir: string, changes: Changes = {}) =>
    nodeRed.deploy(
      readExample(name, {
        "vigil-site": { dataDir },
        "mqtt-broker": { port: String(broker.port) },
        "batch-window": { idle: 0 },
        ...changes,
      }),
    );
  const events = (dataDir: string) => rowsIn<EventRow>(join(folder, dataDir), "SELECT camera_id, labels FROM events");
  const inspections = (dataDir: string) => rowsIn(join(folder, dataDir), "SELECT 1 FROM inspections").length;
  const oneEvent = (dataDir: string) => eventually(() => events(dataDir).length > 0 && events(dataDir), "the event");

  it("2: answers who posts a picture with what was seen in it", async () => {
    await deploy("2 Pictures by HTTP", "http");
    const post = async (body: Buffer | string) => {
      const answer = await fetch(`${nodeRed.url}vigil/front-door`, {
        method: "POST",
        headers: { "content-type": "image/jpeg" },
        body: new Uint8Array(Buffer.from(body)),
      });
      return { status: answer.status, body: await answer.json() };
    };
    const first = await post(empty);
    assert.deepEqual([first.status, Detected.parse(first.body).detections], [200, []]);
    const second = await post(taken);
    const { upload, detections } = Detected.parse(second.body);
    assert.deepEqual([second.status, upload.camera_id, detections[0]?.label], [200, "front_door", "motion"]);
    assert.equal((await oneEvent("http"))[0]?.camera_id, "front_door");
    const refused = await post("not a picture");
    assert.equal(refused.status, 422);
    assert.match(JSON.stringify(refused.body), /does not start like a JPEG or PNG/);
  });

  it("3: takes the pictures that cameras publish, and not what the broker has kept", async () => {
    await sender.publishAsync("cameras/Old Barn/picture", taken, { retain: true, qos: 1 });
    await deploy("3 Pictures by MQTT", "camera");
    // Until the subscription is granted, nobody gets what is published.
    await eventually(async () => {
      await sender.publishAsync("cameras/Front Door/picture", empty, { qos: 1 });
      return inspections("camera") > 0;
    }, "the first picture");
    await sender.publishAsync("cameras/Front Door/picture", taken, { qos: 1 });
    const [event] = await oneEvent("camera");
    assert.deepEqual(event, { camera_id: "front_door", labels: '["motion"]' });
    const cameras = rowsIn<{ camera_id: string }>(join(folder, "camera"), "SELECT DISTINCT camera_id FROM uploads");
    assert.deepEqual(cameras, [{ camera_id: "front_door" }]);
  });

  it("4: looks at what Frigate publishes of what it has detected", async () => {
    detector.answer([PERSON]);
    // As Frigate does: all are for keeping.
    const publish = (bytes: Buffer) =>
      sender.publishAsync("frigate/back_yard/person/snapshot", bytes, { retain: true, qos: 0 });
    await publish(await scene(SOMEBODY, { seed: 1 }));
    await deploy("4 Frigate snapshots", "frigate", { detect: { url: detector.url } });
    await eventually(async () => {
      await publish(taken);
      return events("frigate").length > 0;
    }, "the event");
    assert.deepEqual(events("frigate")[0], { camera_id: "back_yard", labels: '["person"]' });
    const kept = rowsIn(join(folder, "frigate"), "SELECT DISTINCT sha256 FROM uploads");
    assert.equal(kept.length, 1, "what the broker had kept from before is left out");
  });

  it("5: keeps two sites on one broker apart", async () => {
    const everything = await subscribe(broker.url, "vigil/#");
    try {
      const mqttUrl = broker.url;
      await nodeRed.deploy(
        readExample("5 Two sites on one broker", { "vigil-site": { mqttUrl }, "batch-window": { idle: 0 } }),
      );
      for (const site of ["house", "cabin"]) {
        const camera = join(folder, "cameras", site, "Front Door");
        mkdirSync(camera, { recursive: true });
        writeFileSync(join(camera, "empty.jpg"), empty);
        await eventually(() => inspections(`vigil-${site}`) === 1, "the background");
        writeFileSync(join(camera, "taken.jpg"), taken);
        const { payload } = await everything.waitFor(({ topic }) => topic === `vigil/${site}/security_events`, 10_000);
        assert.equal(JSON.parse(payload.toString()).data.camera_id, "front_door");
        assert.equal(events(`vigil-${site}`).length, 1);
      }
      assert.doesNotMatch(nodeRed.log(), /Another Vigil/);
    } finally {
      await everything.close();
    }
  });
});
