/** How a site comes to Home Assistant, stays there and goes: discovery at a real broker over restarts and removals. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import Database from "better-sqlite3";
import { connectAsync, type MqttClient } from "mqtt";
import { parse } from "yaml";
import { z } from "zod";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { scene } from "../support/pictures.ts";
import { type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PORCH = "vigil/home/camera/porch";
const HUB_CONFIG = "homeassistant/binary_sensor/vigil_home_running/config";
const PORCH_CONFIG = "homeassistant/event/vigil_home_porch_security/config";
const WHAT_IS_OURS = /^(homeassistant\/[^/]+\/vigil_|vigil\/home\/(camera|hub)\/)/;

describe("a site in Home Assistant", function () {
  this.timeout(30_000);
  let folder: string;
  let broker: Broker;
  let subscriber: Subscriber;
  let client: MqttClient;
  let flow: Flow | null = null;

  beforeEach(async () => {
    folder = tempFolder();
    broker = await startBroker();
    subscriber = await subscribe(broker.url, "#");
    client = await connectAsync(broker.url);
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await Promise.all([subscriber.close(), client.endAsync(true)]);
    await broker.stop();
  });
  after(removeTempFolders);

  const site = (id: string, changes: Partial<NodeConfig> = {}): NodeConfig => ({
    id,
    type: "vigil-site",
    dataDir: join(folder, id),
    mqttUrl: broker.url,
    timeZone: "UTC",
    ...changes,
  });
  const nodes = (): NodeConfig[] => [
    site("site"),
    { id: "watch", type: "foscam-watch", site: "site", folder: join(folder, "cameras"), wires: [["detect"], [], []] },
    { id: "detect", type: "detect", site: "site", wires: [["batch"], [], []] },
    { id: "batch", type: "batch-window", site: "site", idle: "0", wires: [["analyze"], []] },
    { id: "analyze", type: "nemotron-analyze", site: "site", wires: [[], []] },
  ];
  const start = async () => {
    flow = await startFlow(nodes());
    return flow;
  };
  /** Two pictures between which somebody has come. */
  const happen = async (camera: string) => {
    mkdirSync(join(folder, "cameras", camera), { recursive: true });
    const file = (name: string) => join(folder, "cameras", camera, name);
    writeFileSync(file("20260911_120000.jpg"), await scene());
    // The first has been looked at.
    await eventually(() => inspected(camera.toLowerCase()) === 1, "the first picture");
    writeFileSync(file("20260911_120001.jpg"), await scene({ x: 200, y: 100, width: 80, height: 160 }));
  };
  /** The last that was heard on a topic. */
  const heard = (topic: string) =>
    subscriber.messages.findLast((message) => message.topic === topic)?.payload.toString();
  const inspected = (cameraId: string) => {
    const db = new Database(join(folder, "site", "vigil.db"), { readonly: true });
    try {
      const sql = "SELECT count(*) FROM inspections JOIN uploads USING(upload_id) WHERE camera_id = ?";
      return db.prepare(sql).pluck().get(cameraId);
    } finally {
      db.close();
    }
  };
  const kept = async (): Promise<string[]> => {
    const late = await subscribe(broker.url, "#");
    await client.publishAsync("end", "end", { qos: 1 });
    await late.waitFor(({ topic }) => topic === "end");
    await late.close();
    return late.messages.filter(({ retain }) => retain).map(({ topic }) => topic);
  };
  const connected = async (count: number) =>
    eventually(
      () => subscriber.messages.filter(({ topic }) => topic === "vigil/home/instance").length >= count,
      `connection ${count}`,
    );
  /** Everything that was announced by now has been announced: a command is obeyed after it. */
  const settled = async (minutes: string) => {
    await eventually(() => heard("vigil/home/hub/snooze_minutes"), "the hub");
    await client.publishAsync("vigil/home/hub/snooze_minutes/set", minutes, { qos: 1 });
    await eventually(() => heard("vigil/home/hub/snooze_minutes") === minutes, "the hub's answer");
  };

  it("fires for a new camera's first event once Home Assistant has had time to listen", async () => {
    await start();
    const happened = happen("Porch");
    await subscriber.waitFor(({ topic }) => topic === PORCH_CONFIG, 10_000);
    // What Home Assistant may take to make an entity.
    await pause(2_000);
    const listening = await subscribe(broker.url, `${PORCH}/security`);
    try {
      await happened;
      await listening.waitFor(() => true, 10_000);
    } finally {
      await listening.close();
    }
  });

  it("publishes nothing again that the broker keeps when Node-RED restarts", async () => {
    let running = await start();
    await happen("Porch");
    await eventually(() => heard(`${PORCH}/summary`), "the event");
    await settled("17");
    await running.stop();
    const from = subscriber.messages.length;
    running = await start();
    await connected(2);
    // The first state that differs is published after all that was to be announced.
    await settled("18");
    const again = subscriber.messages.slice(from).map(({ topic }) => topic);
    assert.deepEqual(
      again.filter((topic) => topic.endsWith("/config") || topic.endsWith("_picture") || topic.endsWith("/security")),
      [],
    );
  });

  it("publishes everything again to a broker that has lost its memory, and when Home Assistant asks", async () => {
    await start();
    await happen("Porch");
    await eventually(() => heard(`${PORCH}/summary`), "the event");
    await subscriber.close();
    await broker.restart();
    subscriber = await subscribe(broker.url, "#");
    await eventually(() => heard(PORCH_CONFIG) && heard(`${PORCH}/last_picture`), "the camera");
    const from = subscriber.messages.length;
    await client.endAsync(true);
    client = await connectAsync(broker.url);
    await client.publishAsync("homeassistant/status", "online", { qos: 1 });
    await eventually(
      () => subscriber.messages.slice(from).some(({ topic }) => topic === PORCH_CONFIG),
      "the camera once more",
      20_000,
    );
    const order = subscriber.messages.slice(from).map(({ topic }) => topic);
    assert.ok(order.indexOf(HUB_CONFIG) < order.indexOf(PORCH_CONFIG));
  });

  it("clears what is left of a camera that it does not know, and nothing of others", async () => {
    const keep = (topic: string, payload: string | object) =>
      client.publishAsync(topic, typeof payload === "string" ? payload : JSON.stringify(payload), {
        retain: true,
        qos: 1,
      });
    const config = (availability: string, origin = "node-red-contrib-vigil") => ({
      state_topic: "vigil/home/camera/shed/summary",
      availability: [{ topic: availability }],
      origin: { name: origin },
    });
    const foreign = ["vigil_home_2", "vigil_cabin_shed_summary", "vigil_home_shed_other"];
    await keep("homeassistant/sensor/vigil_home_shed_summary/config", config("vigil/home/availability"));
    await keep("vigil/home/camera/shed/summary", "old");
    await keep(`homeassistant/sensor/${foreign[0]}/config`, config("vigil/home/availability", "somebody"));
    await keep(`homeassistant/sensor/${foreign[1]}/config`, config("vigil/cabin/availability"));
    await keep(`homeassistant/sensor/${foreign[2]}/config`, "no JSON");
    await keep("vigil/home/camera/shed/own", "the user's");
    await start();
    await eventually(() => heard("homeassistant/sensor/vigil_home_shed_summary/config") === "", "the end of the shed");
    await settled("17");
    const left = await kept();
    assert.ok(!left.includes("homeassistant/sensor/vigil_home_shed_summary/config"));
    assert.ok(!left.includes("vigil/home/camera/shed/summary"));
    for (const id of foreign) assert.ok(left.includes(`homeassistant/sensor/${id}/config`), id);
    assert.ok(left.includes("vigil/home/camera/shed/own"));
  });

  it("takes a camera out when somebody says so, and has it again with its next upload", async () => {
    const running = await start();
    await happen("Porch");
    await happen("Yard");
    await eventually(() => heard(`${PORCH}/summary`) && heard("vigil/home/camera/yard/summary"), "the events");
    assert.deepEqual(await running.admin("get", "/vigil/sites/site/cameras"), {
      status: 200,
      body: [
        { id: "porch", name: "Porch" },
        { id: "yard", name: "Yard" },
      ],
    });
    assert.equal((await running.admin("delete", "/vigil/sites/site/cameras/porch")).status, 200);
    const left = await kept();
    assert.deepEqual(
      left.filter((topic) => topic.includes("porch")),
      [],
    );
    assert.ok(left.includes("vigil/home/camera/yard/summary"));
    const { status, body } = await running.admin("delete", "/vigil/sites/site/cameras/porch");
    assert.deepEqual([status, body], [404, { error: 'There is no camera "porch" on this site' }]);

    writeFileSync(join(folder, "cameras", "Porch", "20260911_120500.jpg"), await scene());
    await eventually(() => heard(`${PORCH}/online`) === "ON" && heard(PORCH_CONFIG) !== "", "the camera");
  });

  it("takes everything out when somebody says so, and has it again after a restart", async () => {
    let running = await start();
    await happen("Porch");
    await eventually(() => heard(`${PORCH}/summary`), "the event");
    assert.equal((await running.admin("delete", "/vigil/sites/site/home-assistant")).status, 200);
    assert.deepEqual(
      (await kept()).filter((topic) => WHAT_IS_OURS.test(topic)),
      [],
    );
    await running.stop();
    running = await start();
    await eventually(() => heard(PORCH_CONFIG) !== "" && heard(HUB_CONFIG) !== "", "the camera and the hub");
  });

  it("offers a dashboard for Home Assistant with the cameras that it knows", async () => {
    const running = await start();
    await happen("Porch");
    const { status, body } = await running.admin("get", "/vigil/sites/site/dashboard");
    assert.equal(status, 200);
    const { yaml } = z.object({ yaml: z.string() }).parse(body);
    assert.match(yaml, /title: Porch\n.*image_entity: image\.vigil_home_porch_last_picture\n/s);
    assert.equal(parse(yaml).views.length, 4);
  });

  it("offers no dashboard of a site that has no broker, or does not run", async () => {
    flow = await startFlow([site("site", { mqttUrl: "" }), { id: "detect", type: "detect", site: "site" }]);
    const silent = await flow.admin("get", "/vigil/sites/site/dashboard");
    assert.equal(silent.status, 404);
    assert.match(JSON.stringify(silent.body), /no broker.*give it a broker URL/);
    const other = await flow.admin("get", "/vigil/sites/other/dashboard");
    assert.equal(other.status, 404);
    assert.match(JSON.stringify(other.body), /does not run/);
  });

  it("removes nothing of a site that does not run", async () => {
    const running = await start();
    const { status, body } = await running.admin("delete", "/vigil/sites/other/home-assistant");
    assert.equal(status, 404);
    assert.match(JSON.stringify(body), /does not run/);
  });

  it("says so when two Vigils have one site id, and not when each has its own", async () => {
    const detect = (id: string, ofSite: string): NodeConfig => ({
      id,
      type: "detect",
      site: ofSite,
      wires: [[], [], []],
    });
    flow = await startFlow([
      site("first"),
      detect("a", "first"),
      site("third", { site: "cabin" }),
      detect("c", "third"),
    ]);
    await connected(1);
    assert.deepEqual(
      flow.log.filter((line) => /Another Vigil/.test(line)),
      [],
    );
    await flow.deploy(
      [
        site("first"),
        detect("a", "first"),
        site("third", { site: "cabin" }),
        detect("c", "third"),
        site("second"),
        detect("b", "second"),
      ],
      "nodes",
    );
    const log = flow.log;
    for (const id of ["first", "second"]) {
      await eventually(() => log.some((line) => line.startsWith(`${id} error: Another Vigil`)), `${id} to notice`);
    }
    assert.ok(!log.some((line) => line.startsWith("third error")));
    await eventually(() => heard("vigil/home/hub/problem/attributes")?.includes("uses this site's id"), "the problem");
  });
});
