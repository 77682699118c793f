/** How a site is, told over a real broker and to a flow in a real Node-RED, while servers die and come back. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

type Payload = Readonly<Record<string, unknown>>;

const STATUS = "vigil/home/system_status";
const HUB = "vigil/home/hub";

describe("a site's health", function () {
  this.timeout(60_000);
  let folder: string;
  let broker: Broker;
  let subscriber: Subscriber;
  let detector: DetectorServer;
  let flow: Flow;

  beforeEach(async () => {
    folder = tempFolder();
    broker = await startBroker();
    subscriber = await subscribe(broker.url, "#");
    detector = await startDetectorServer();
    flow = await startFlow(nodes());
  });
  afterEach(async () => {
    await flow.stop();
    await subscriber.close();
    await Promise.all([broker.stop(), detector.close().catch(() => {})]);
  });
  after(removeTempFolders);

  const nodes = (): NodeConfig[] => [
    { id: "site", type: "vigil-site", dataDir: join(folder, "data"), mqttUrl: broker.url, timeZone: "UTC" },
    { id: "detect", type: "detect", site: "site", url: detector.url },
    {
      id: "gpu",
      type: "gpu-monitor",
      site: "site",
      interval: 1,
      command: "no-such-nvidia-smi",
      grace: 1,
      attempts: 1,
      wires: [[], ["warnings"], []],
    },
    { id: "warnings", type: "helper" },
  ];
  const statuses = () =>
    subscriber.messages.flatMap(({ topic, payload }) =>
      topic === STATUS ? [JSON.parse(payload.toString()).data as Payload] : [],
    );
  const becomes = (health: string) => eventually(() => statuses().at(-1)?.health === health, `${health}`, 20_000);
  const told = async (fits: (payload: Payload) => boolean) => {
    const found = () => flow.inbox("warnings").messages.find(({ payload }) => fits(payload as Payload));
    return (await eventually(found, "the message", 20_000)).payload as Payload;
  };

  it("goes down and up with its detector, which a flow is asked to restart, once for each attempt", async () => {
    await becomes("healthy");
    const port = Number(new URL(detector.url).port);
    const { url } = detector;
    await detector.close();
    const { recorded_at, reason, ...restart } = await told(({ action }) => action === "restart");
    assert.deepEqual(restart, {
      kind: "server",
      action: "restart",
      service: "detector",
      address: url,
      attempt: 1,
      attempts: 1,
      backoff_s: 5,
    });
    assert.match(String(reason), /does not answer/);
    assert.match(String(recorded_at), /Z$/);
    await becomes("unhealthy");
    const causes = statuses().at(-1)?.causes as Payload[];
    assert.deepEqual(causes[0], {
      part: "server",
      health: "unhealthy",
      text: "the detector's server does not answer",
    });
    const last = (topic: string) =>
      subscriber.messages.findLast((message) => message.topic === topic)?.payload.toString();
    await eventually(() => last(`${HUB}/health`) === "unhealthy", "the hub's health");
    assert.equal(last(`${HUB}/detector`), "away");
    assert.match(last(`${HUB}/problem/attributes`) ?? "", /the detector's server does not answer/);
    await told(({ action }) => action === "gave_up");

    detector = await startDetectorServer({ port });
    await told(({ action }) => action === "recovered");
    await becomes("healthy");
    await eventually(() => last(`${HUB}/health`) === "healthy", "the hub's health");
    const actions = flow
      .inbox("warnings")
      .messages.flatMap(({ payload }) => ((payload as Payload).kind === "server" ? [(payload as Payload).action] : []));
    assert.deepEqual(actions, ["restart", "gave_up", "recovered"]);
    const changes = flow
      .inbox("warnings")
      .messages.flatMap(({ payload }) => ((payload as Payload).kind === "health" ? [(payload as Payload).health] : []));
    assert.deepEqual(changes.slice(-2), ["unhealthy", "healthy"]);
  });

  it("is kept by the broker, and told again when the broker is back, with what the broker was missing", async () => {
    await becomes("healthy");
    const kept = await subscribe(broker.url, STATUS);
    const { retain, payload } = await kept.waitFor(() => true);
    assert.equal(retain, true);
    const { type, data } = JSON.parse(payload.toString());
    assert.deepEqual([type, data.site, data.health, data.broker], ["system_status", "home", "healthy", "connected"]);
    assert.deepEqual(data.services, [
      { service: "detector", address: detector.url, state: "up", reason: null },
      { service: "mqtt", address: broker.url, state: "up", reason: null },
    ]);
    await kept.close();
    await broker.stop();
    const { text } =
      ((await told(({ kind, health }) => kind === "health" && health === "degraded")).causes as Payload[])[0] ?? {};
    assert.equal(text, "the MQTT broker does not answer");
    await told(({ action, service }) => action === "restart" && service === "mqtt");
    await broker.start();
    const again = await subscribe(broker.url, STATUS);
    const answer = await again.waitFor(
      ({ payload: bytes }) => JSON.parse(bytes.toString()).data.broker === "connected",
      20_000,
    );
    assert.equal(JSON.parse(answer.payload.toString()).data.health, "healthy");
    await again.close();
    await told(({ action, service }) => action === "recovered" && service === "mqtt");
  });
});
