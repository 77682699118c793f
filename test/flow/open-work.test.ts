/** What is left open, over MQTT: counted for Home Assistant, and decided on by command. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { scene } from "../support/pictures.ts";
import { type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const HUB = "vigil/home/hub";

describe("what is left open, over MQTT", () => {
  let broker: Broker;
  let detector: DetectorServer;
  let subscriber: Subscriber;
  let client: MqttClient;
  let flow: Flow;

  beforeEach(async () => {
    broker = await startBroker({ memory: tempFolder() });
    detector = await startDetectorServer();
    // Refused: the fault of the picture, as far as the server says.
    detector.misbehave(422);
    subscriber = await subscribe(broker.url, `${HUB}/#`);
    client = await connectAsync(broker.url);
    const folder = tempFolder();
    const site = { id: "site", type: "vigil-site", dataDir: join(folder, "data"), mqttUrl: broker.url };
    const detect = { id: "detect", type: "detect", site: "site", camera: "porch", url: detector.url };
    flow = await startFlow([site, { ...detect, wires: [[], ["nothing"], []] }, { id: "nothing", type: "helper" }]);
  });
  afterEach(async () => {
    await flow.stop();
    await Promise.all([subscriber.close(), client.endAsync(), detector.close()]);
    await broker.stop();
  });
  after(removeTempFolders);

  const state = (key: string) => (text: string) =>
    eventually(
      () => subscriber.messages.findLast(({ topic }) => topic === `${HUB}/${key}`)?.payload.toString() === text,
      `${key} to be ${text}`,
    );
  const deadLetters = state("dead_letters");
  let answered = 0;
  const command = async (body: unknown, retain = false): Promise<Record<string, unknown>> => {
    const payload = typeof body === "string" ? body : JSON.stringify(body);
    const answers = () => subscriber.messages.filter(({ topic }) => topic === `${HUB}/open_work/answer`);
    answered = answers().length;
    await client.publishAsync(`${HUB}/open_work/set`, payload, { qos: 1, retain });
    const answer = await eventually(() => answers()[answered], "an answer");
    return JSON.parse(String(answer.payload));
  };

  it("counts dead letters, lists them, and replays them", async () => {
    await deadLetters("0");
    flow.send("detect", { payload: await scene() });
    await deadLetters("1");
    const { nodes } = await command({ command: "list" });
    assert.ok(Array.isArray(nodes));
    const [{ node, type, counts, dead_letters }] = nodes;
    assert.deepEqual(
      { node, type, counts },
      { node: "detect", type: "detect", counts: { queued: 0, dead_letters: 1, unclaimed: 0 } },
    );
    assert.equal(dead_letters[0].code, "DETECTOR_REFUSED");

    detector.misbehave(null);
    assert.deepEqual(await command({ command: "replay", node: "detect", id: dead_letters[0].id }), {
      command: "replay",
      nodes: [{ node: "detect", type: "detect", replayed: 1 }],
    });
    await flow.inbox("nothing").next();
    await deadLetters("0");
  });

  it("discards all of a stage", async () => {
    for (const seed of [1, 2]) flow.send("detect", { payload: await scene(null, { seed }) });
    await deadLetters("2");
    assert.deepEqual(await command({ command: "discard", type: "detect" }), {
      command: "discard",
      nodes: [{ node: "detect", type: "detect", discarded: 2 }],
    });
    await deadLetters("0");
  });

  const refusals: [what: string, body: unknown, code: string, reason: RegExp][] = [
    ["what is no JSON", "replay", "BAD_COMMAND", /must be JSON/],
    ["a command it does not know", { command: "explode" }, "BAD_COMMAND", /command/],
    ["a field it does not know", { command: "list", nodes: "x" }, "BAD_COMMAND", /nodes/],
    ["an id without its node", { command: "replay", id: 7 }, "BAD_COMMAND", /node: must say whose id it is/],
    ["an id that is not there", { command: "discard", node: "detect", id: 7 }, "NOT_FOUND", /id 7/],
    ["a node that is not there", { command: "list", node: "x" }, "NO_SUCH_NODE", /there are: detect \(detect\)/],
    ["an orphan that is none", { command: "adopt", node: "detect", from: "x" }, "NO_ORPHAN", /"x"/],
  ];
  for (const [what, body, code, reason] of refusals) {
    it(`refuses ${what}: ${code}`, async () => {
      await deadLetters("0");
      const { error } = await command(body);
      assert.ok(typeof error === "object" && error !== null && "code" in error && "message" in error);
      assert.equal(error.code, code);
      assert.match(String(error.message), reason);
    });
  }

  it("ignores a retained command, which would come again with each connection", async function () {
    if (broker.kind !== "mosquitto") this.skip();
    flow.send("detect", { payload: await scene() });
    await deadLetters("1");
    await client.publishAsync(`${HUB}/open_work/set`, '{"command":"discard"}', { qos: 1, retain: true });
    await deadLetters("0");
    flow.send("detect", { payload: await scene(null, { seed: 3 }) });
    await deadLetters("1");
    await broker.restart();
    await eventually(() => flow.log.some((line) => line.includes("commands must not be retained")), "the warning");
    assert.deepEqual((await command({ command: "replay" })).nodes, [{ node: "detect", type: "detect", replayed: 1 }]);
  });
});
