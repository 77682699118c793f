/** `detect` with a server, in a real Node-RED runtime: its interfaces, its filters and how its server is. */
import assert from "node:assert/strict";
import { type DetectorServer, startDetectorServer, type WireDetection } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, type NodeConfig, startFlow } from "../support/flow.ts";
import { scene } from "../support/pictures.ts";

/** In pictures of 640 x 360: each stands on the line at 200, 200 apart. */
const person: WireDetection = { class: "Person", confidence: 0.8, bbox: { x: 100, y: 100, width: 40, height: 100 } };
const car: WireDetection = { class: "car", confidence: 0.55, bbox: { x: 300, y: 150, width: 100, height: 50 } };
const dog: WireDetection = { class: "dog", confidence: 0.4, bbox: { x: 500, y: 180, width: 20, height: 20 } };

describe("detect with a server", () => {
  let server: DetectorServer;
  let flow: Flow | null = null;

  beforeEach(async () => {
    server = await startDetectorServer();
    server.answer([person, car, dog]);
  });
  afterEach(async () => {
    await flow?.stop();
    flow = null;
    await server.close();
  });

  async function start(changes: Partial<NodeConfig> = {}): Promise<Flow> {
    const detect = { id: "detect", type: "detect", site: "site", camera: "porch", url: server.url };
    flow = await startFlow([
      { id: "site", type: "vigil-site", dataDir: "" },
      { ...detect, wires: [["seen"], ["nothing"], []], ...changes },
      { id: "seen", type: "helper" },
      { id: "nothing", type: "helper" },
    ]);
    return flow;
  }

  /** The labels of what is seen in the next picture. */
  async function labelsSeen(running: Flow): Promise<string[]> {
    running.send("detect", { payload: await scene() });
    const messages = () => ["seen", "nothing"].flatMap((id) => running.inbox(id).messages);
    const message = await eventually(() => messages()[0], "the inspection");
    const { detections } = message.payload as { detections: { label: string }[] };
    return detections.map(({ label }) => label);
  }

  const street = "[[0, 0], [0.5, 0], [0.5, 0.6], [0, 0.6]]";
  const forms: [what: string, form: object, labels: string[]][] = [
    ["nothing said", {}, ["person", "car"]],
    ["the interface of the YOLO servers", { api: "yolo" }, ["person", "car"]],
    ["that of DeepStack", { api: "deepstack" }, ["person", "car"]],
    ["a confidence", { confidence: "0.6" }, ["person"]],
    ["thresholds", { thresholds: "animal 0.3, car 0.6" }, ["person", "dog"]],
    ["labels", { labels: "vehicle, dog", thresholds: "dog 0.4" }, ["car", "dog"]],
    ["a least size", { minSize: "2" }, ["car"]],
    ["a mask of the camera", { mask: `[{ "camera": "porch", "points": ${street} }]` }, ["car"]],
    ["a mask of another one", { mask: `[{ "camera": "yard", "points": ${street} }]` }, ["person", "car"]],
    ["filters that let nothing pass", { labels: "motion" }, []],
  ];
  for (const [what, form, labels] of forms) {
    it(`sees ${labels.join(" and ") || "nothing"} with ${what}`, async () => {
      assert.deepEqual(await labelsSeen(await start(form)), labels);
    });
  }

  it("asks DeepStack's interface for the least of all confidences", async () => {
    const form = { api: "deepstack", confidence: "0.5", thresholds: "person 0.7, animal 0.35" };
    assert.deepEqual(await labelsSeen(await start(form)), ["person", "car", "dog"]);
    const [{ path, minConfidence } = assert.fail("no picture")] = server.requests;
    assert.deepEqual([path, minConfidence], ["/v1/vision/detection", "0.35"]);
  });

  it("leaves out what comes all the same, from servers that take no notice of it, as the .NET one of CodeProject.AI", async () => {
    assert.deepEqual(await labelsSeen(await start({ api: "deepstack", confidence: "0.6" })), ["person"]);
    const [{ minConfidence } = assert.fail("no picture")] = server.requests;
    assert.equal(minConfidence, "0.6");
  });

  it("sends YOLO servers no threshold", async () => {
    await labelsSeen(await start());
    assert.equal(server.requests[0]?.minConfidence, null);
  });

  it("is not triggered by motion in what is ignored, and is by motion beside it", async () => {
    const running = await start({ url: "", mask: `[{ "points": ${street} }]` });
    const figure = (x: number) => ({ x, y: 40, width: 80, height: 160 });
    for (const [i, box] of [null, figure(40)].entries()) {
      running.send("detect", { payload: await scene(box) });
      await eventually(() => running.inbox("nothing").messages.length === i + 1, "nothing to be seen");
    }
    running.send("detect", { payload: await scene(figure(440)) });
    const seen = await running.inbox("seen").next();
    const { detections } = seen.payload as { detections: { label: string; x: number }[] };
    assert.deepEqual(
      detections.map(({ label, x }) => [label, x > 400]),
      [["motion", true]],
    );
  });

  describe("shows", () => {
    const shows = (running: Flow, status: string) =>
      eventually(() => running.statuses("detect").at(-1)?.includes(status), `the status ${status}`);

    const states: [what: string, api: string, call: string, status: number, body: unknown, shown: string][] = [
      ["a server that is well", "yolo", "GET /health", 200, { model_loaded: true }, "ready"],
      ["one that has no model yet", "yolo", "GET /health", 200, { model_loaded: false }, "warmingUp"],
      ["one that fails", "yolo", "GET /health", 500, {}, "detectorAway"],
      ["one that cannot say", "yolo", "GET /health", 404, {}, "ready"],
      ["DeepStack's interface, unwell", "deepstack", "GET /v1/status/ping", 200, { success: false }, "detectorAway"],
    ];
    for (const [what, api, call, status, body, shown] of states) {
      it(`${what}: ${shown}`, async () => {
        server.override(call, status, body);
        const running = await start({ api });
        await eventually(() => server.calls.includes(call), "the question");
        await shows(running, shown);
        assert.deepEqual(server.requests, [], "no picture is sent to find out");
        assert.equal((await labelsSeen(running)).length, 2, "and pictures are sent whatever it says");
        await shows(running, shown);
        assert.deepEqual(running.log, []);
      });
    }

    it("a server that is not there", async () => {
      await server.close();
      const running = await start();
      await shows(running, "detectorAway");
      assert.deepEqual(running.log, []);
      server = await startDetectorServer();
    });

    it("what waits rather than how the server is", async () => {
      server.override("GET /health", 200, { model_loaded: false });
      server.misbehave(503);
      const running = await start();
      await shows(running, "warmingUp");
      running.send("detect", { payload: await scene() });
      await shows(running, "waiting");
    });
  });
});
