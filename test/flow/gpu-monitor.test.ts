/** `gpu-monitor` in a real Node-RED, with a program that stands in for nvidia-smi, real servers and a real broker. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { startLlmServer } from "../support/llm-server.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { FAILURES, H200, type Machine, MIG } from "../support/nvidia-machines.ts";
import { type Behaviour, type NvidiaSmiStandIn, nvidiaSmiStandIn } from "../support/nvidia-smi.ts";
import { type Subscriber, subscribe } from "../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

type Payload = Readonly<Record<string, unknown>>;

const BASE = "vigil/home/gpu";
/** As some detectors tell of the card that they run on. */
const HEALTH = {
  status: "healthy",
  model_loaded: true,
  device: "cuda:0",
  vram_used_gb: 1.5,
  gpu_utilization: 35,
  temperature: 61,
  power_watts: 74.5,
};

describe("gpu-monitor", function () {
  this.timeout(30_000);
  let folder: string;
  let detector: DetectorServer;
  let standIn: NvidiaSmiStandIn;
  let flow: Flow | null = null;

  beforeEach(async () => {
    folder = tempFolder();
    detector = await startDetectorServer();
    detector.override("GET /health", 200, HEALTH);
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await detector.close();
  });
  after(removeTempFolders);

  const nodes = (changes: Partial<NodeConfig>, others: NodeConfig[] = [], mqttUrl = ""): NodeConfig[] => [
    { id: "site", type: "vigil-site", dataDir: join(folder, "data"), mqttUrl, timeZone: "UTC" },
    {
      id: "gpu",
      type: "gpu-monitor",
      site: "site",
      interval: 1,
      command: standIn.command,
      wires: [["readings"], ["warnings"], ["answers"]],
      ...changes,
    },
    ...["readings", "warnings", "answers"].map((id) => ({ id, type: "helper" })),
    ...others,
  ];
  const detect = (): NodeConfig => ({ id: "detect", type: "detect", site: "site", url: detector.url });
  const start = async (behaviour: Behaviour, changes: Partial<NodeConfig> = {}, others: NodeConfig[] = []) => {
    standIn = nvidiaSmiStandIn(folder, behaviour);
    flow = await startFlow(nodes(changes, others));
    return flow;
  };
  const payload = async (id: string, fits: (payload: Payload) => boolean = () => true): Promise<Payload> => {
    assert.ok(flow);
    const { payload: found } = await flow.inbox(id).next((message) => fits(message.payload as Payload));
    return found as Payload;
  };
  const status = (key: string) => eventually(() => flow?.statuses("gpu").at(-1)?.endsWith(`status.${key}`), key);
  const gpuWarnings = () => flow?.inbox("warnings").messages.filter(({ topic }) => topic === "gpu") ?? [];
  const withCells = (cells: Machine["cards"][number]): Behaviour => ({
    machine: { ...H200, cards: [{ ...H200.cards[0], ...cells }] },
  });

  it("tells of the machine's card, and asks detectors only how they are", async () => {
    await start({ machine: H200 }, {}, [detect()]);
    const { recorded_at, gpus, ...rest } = await payload("readings");
    assert.deepEqual(rest, {
      available: true,
      source: "nvidia-smi",
      simulated: false,
      reason: null,
      llm_slots: null,
      detector_latency_ms: null,
    });
    assert.deepEqual(gpus, [
      {
        gpu_id: "9d8fd594",
        name: "NVIDIA H200",
        source: "nvidia-smi",
        driver_version: "580.159.04",
        temperature: 38,
        utilization: 0,
        memory_used: 0,
        memory_total: 143_771,
        power_draw: 78.58,
        power_limit: 700,
        fan_speed: null,
        mig: false,
        simulated: false,
        recorded_at,
      },
    ]);
    await status("gpuTemperature");
    assert.deepEqual(detector.requests, []);
    assert.deepEqual(flow?.log, []);
  });

  it("says of a divided card that it is one, and nothing that it does not tell", async () => {
    await start({ machine: MIG });
    const { gpus } = await payload("readings");
    const [{ mig, utilization, memory_used, memory_total }] = gpus as [Payload];
    assert.deepEqual([mig, utilization, memory_used, memory_total], [true, null, null, null]);
  });

  const broken: [string, Behaviour, RegExp][] = [
    ["hangs", "hang", /did not answer within 0.2 s/],
    ["floods", "flood", /more than 64 KiB/],
    ...FAILURES.map((failure): [string, Behaviour, RegExp] => [failure.what, { failure }, /failed/]),
  ];
  for (const [what, behaviour, reason] of broken) {
    it(`with an nvidia-smi that ${what}, tells what the detector says of its card`, async () => {
      // Long enough for all but the one that hangs.
      await start(behaviour, { timeout: behaviour === "hang" ? 0.2 : 10 }, [detect()]);
      const reading = await payload("readings", ({ available }) => available === true);
      const [{ gpu_id: _, recorded_at: __, ...gpu }] = reading.gpus as [Payload];
      assert.match(String(reading.reason), reason);
      assert.deepEqual(gpu, {
        name: `GPU of ${new URL(detector.url).host}`,
        source: "server",
        driver_version: null,
        temperature: 61,
        utilization: 35,
        memory_used: 1536,
        memory_total: null,
        power_draw: 74.5,
        power_limit: null,
        fan_speed: null,
        mig: null,
        simulated: false,
      });
    });
  }

  it("forgets a card that stood in for another, and worries about one that tells nothing any more", async () => {
    await start("flood", {}, [detect()]);
    await payload("readings", ({ source }) => source === "server");
    standIn.behave(withCells({ "temperature.gpu": "40" }));
    await payload("readings", ({ source }) => source === "nvidia-smi");
    standIn.behave("flood");
    const { causes } = await payload("warnings", ({ kind, health }) => kind === "health" && health === "degraded");
    assert.deepEqual(causes, [{ part: "gpu", health: "degraded", text: "NVIDIA H200: nothing tells of it any more" }]);
  });

  it("is not available where nothing tells of a card, and says so once", async () => {
    await start({ machine: H200 });
    rmSync(standIn.command);
    detector.override("GET /health", 200, { status: "healthy", model_loaded: true, device: "cpu" });
    await flow?.deploy(nodes({ name: "again" }, [detect()]), "full");
    const { available, gpus, source, reason } = await payload("readings", (reading) => reading.available === false);
    assert.deepEqual([available, gpus, source], [false, [], null]);
    assert.match(String(reason), /is not on this machine; and no AI server tells of its graphics card/);
    await status("noGpu");
    await eventually(() => (flow?.inbox("readings").messages.length ?? 0) > 3, "more readings");
    assert.equal(flow?.log.filter((line) => line.includes("no figures of graphics cards")).length, 1);
  });

  it("warns once when a limit is reached, when it is left, and when figures stop", async () => {
    await start(withCells({ "temperature.gpu": "86" }));
    const { name, gpu_id, recorded_at: _, ...warning } = await payload("warnings", ({ kind }) => kind === "gpu");
    assert.deepEqual([name, gpu_id], ["NVIDIA H200", "9d8fd594"]);
    assert.deepEqual(warning, {
      kind: "gpu",
      metric: "temperature",
      level: "critical",
      before: "ok",
      value: 86,
      limit: 85,
      simulated: false,
    });
    standIn.behave(withCells({ "temperature.gpu": "84" }));
    const readings = flow?.inbox("readings").messages ?? [];
    const seen = readings.length;
    await eventually(() => readings.length > seen + 2, "readings a little below the limit");
    assert.equal(gpuWarnings().length, 1);
    standIn.behave(withCells({ "temperature.gpu": "60" }));
    assert.equal((await payload("warnings", ({ level }) => level === "ok")).before, "critical");
    standIn.behave("flood");
    assert.equal((await payload("warnings", ({ kind }) => kind === "availability")).available, false);
    standIn.behave({ machine: H200 });
    await payload("warnings", ({ available }) => available === true);
    assert.equal(gpuWarnings().length, 4);
  });

  it("tells how many of a language model's slots work", async () => {
    const llm = await startLlmServer();
    try {
      await start({ machine: H200 }, {}, [{ id: "analyze", type: "nemotron-analyze", site: "site", url: llm.url }]);
      const { llm_slots } = await payload("readings", (reading) => reading.llm_slots !== null);
      assert.deepEqual(llm_slots, { busy: 1, total: 2 });
      assert.deepEqual(llm.requests, []);
    } finally {
      await flow?.stop();
      flow = null;
      await llm.close();
    }
  });

  it("answers with its history, also after a restart", async () => {
    await start({ machine: H200 });
    await eventually(() => (flow?.inbox("readings").messages.length ?? 0) >= 2, "two readings");
    await flow?.stop();
    flow = await startFlow(nodes({}));
    await payload("readings");
    flow.send("gpu", { command: "history" });
    const history = (await payload("answers")) as unknown as Payload[];
    assert.ok(history.length >= 3);
    const times = history.map(({ recorded_at }) => String(recorded_at));
    assert.deepEqual(times, times.toSorted());
    flow.send("gpu", { command: "read" });
    await flow.inbox("answers").next(({ payload: answer }) => (answer as Payload).available === true);
  });

  describe("in Home Assistant", () => {
    let broker: Broker;
    let subscriber: Subscriber;

    beforeEach(async () => {
      broker = await startBroker();
      subscriber = await subscribe(broker.url, "#");
    });
    afterEach(async () => {
      await flow?.stop();
      flow = null;
      await subscriber.close();
      await broker.stop();
    });
    const state = (topic: string) =>
      subscriber.messages.findLast((message) => message.topic === topic)?.payload.toString();
    const becomes = (topic: string, value: string) =>
      eventually(() => state(topic) === value, `${topic} to be ${value}, not ${state(topic)}`);
    const startPublishing = async (behaviour: Behaviour, changes: Partial<NodeConfig> = {}) => {
      standIn = nvidiaSmiStandIn(folder, behaviour);
      flow = await startFlow(nodes(changes, [], broker.url));
    };

    it("each card is a device, with its figures and its problem", async () => {
      await startPublishing(withCells({ "temperature.gpu": "80" }));
      await becomes(`${BASE}/9d8fd594/temperature`, "80");
      await becomes(`${BASE}/9d8fd594/fan_speed`, "None");
      await becomes(`${BASE}/9d8fd594/problem`, "ON");
      assert.equal(
        state(`${BASE}/9d8fd594/problem/attributes`),
        '{"causes":["temperature: warning"],"simulated":false}',
      );
      const config = JSON.parse(state("homeassistant/sensor/vigil_home_gpu-9d8fd594_temperature/config") ?? "");
      assert.deepEqual([config.device.name, config.unit_of_measurement], ["NVIDIA H200", "°C"]);
      standIn.behave("flood");
      await becomes(`${BASE}/9d8fd594/temperature`, "None");
      await becomes(
        `${BASE}/9d8fd594/problem/attributes`,
        '{"causes":["nothing tells of it any more"],"simulated":false}',
      );
    });

    it("is not announced anew after a restart", async () => {
      await startPublishing({ machine: H200 });
      await becomes(`${BASE}/9d8fd594/temperature`, "38");
      await flow?.stop();
      const before = subscriber.messages.length;
      standIn.behave(withCells({ "temperature.gpu": "39" }));
      flow = await startFlow(nodes({}, [], broker.url));
      await becomes(`${BASE}/9d8fd594/temperature`, "39");
      const again = subscriber.messages.slice(before).filter(({ topic }) => topic.includes("gpu-9d8fd594"));
      assert.deepEqual(again, []);
    });

    it("a simulated card is marked as such everywhere, and taken back when the box is off again", async () => {
      await startPublishing({ machine: H200 }, { simulate: true });
      const { simulated, source, gpus } = await payload("readings");
      assert.deepEqual([simulated, source, (gpus as Payload[])[0]?.simulated], [true, "simulation", true]);
      await status("gpuSimulated");
      const topic = "homeassistant/sensor/vigil_home_gpu-simulated_temperature/config";
      await eventually(() => state(topic)?.includes("Simulated GPU"), "the device");
      await eventually(() => state(`${BASE}/simulated/problem/attributes`)?.includes('"simulated":true'), "attributes");
      assert.deepEqual(standIn.runs, []);
      await flow?.deploy(nodes({ simulate: false }, [], broker.url), "nodes");
      await becomes(topic, "");
      await becomes(`${BASE}/9d8fd594/temperature`, "38");
      flow?.send("gpu", { command: "history" });
      const { payload: history } = (await flow?.inbox("answers").next()) ?? {};
      assert.ok((history as Payload[]).every((reading) => reading.simulated === false));
    });
  });
});
