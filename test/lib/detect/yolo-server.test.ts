import assert from "node:assert/strict";
import type { Picture, Sighting } from "../../../lib/detect/detector.ts";
import { YoloServer } from "../../../lib/detect/yolo-server.ts";
import { ServerError } from "../../../lib/resilience/errors.ts";
import { type DetectorServer, startDetectorServer } from "../../support/detector-server.ts";
import { car, carBox, greyPicture } from "./apis.ts";

const FRAME = { width: 160, height: 120 };

describe("YoloServer", () => {
  let server: DetectorServer;
  let detector: YoloServer;
  let picture: Picture;

  before(async () => {
    picture = await greyPicture();
  });
  beforeEach(async () => {
    server = await startDetectorServer();
    detector = detectorAt(server.url);
  });
  afterEach(async () => {
    await detector.close();
    await server.close();
  });

  function detectorAt(url: string): YoloServer {
    return new YoloServer({ url, timeoutMs: 5000, concurrency: 4 });
  }

  function detect(changes: Partial<Picture> = {}): Promise<Sighting> {
    return detector.detect({ ...picture, ...changes }, new AbortController().signal);
  }

  it("takes boxes as lists", async () => {
    server.answer([car]);
    server.misbehave("list-boxes");
    assert.deepEqual((await detect()).boxes, [carBox]);
  });

  it("works behind the gateway", async () => {
    await detector.close();
    detector = detectorAt(`${server.url}/yolo26//`);
    server.answer([car]);
    assert.deepEqual((await detect()).boxes, [carBox]);
    assert.deepEqual([server.calls, detector.name], [["POST /yolo26/detect"], `${server.url}/yolo26`]);
  });

  for (const bbox of [[1, 2], [1, 2, 3, null], ["1", 2, 3, 4], { x: 1, y: 2, width: 3 }, { x: "1" }, null, "box"]) {
    it(`does not take ${JSON.stringify(bbox)} for a box`, async () => {
      server.misbehave({ body: { detections: [car, { ...car, bbox }] } });
      await assert.rejects(detect(), { code: "DETECTOR_REPLY", message: /detections\.1\.bbox/ });
    });
  }

  it("passes on boxes that make no sense, for the normaliser to drop", async () => {
    server.answer([{ ...car, bbox: { x: -10, y: 1e9, width: 0, height: -5 } }]);
    assert.deepEqual((await detect()).boxes, [{ ...carBox, x: -10, y: 1e9, width: 0, height: -5 }]);
  });

  describe("frame", () => {
    const seen = { detections: [car] };
    const unstated: [why: string, body: object][] = [
      ["no size", seen],
      ["a size of zero", { ...seen, image_width: 0, image_height: 0 }],
      ["a negative size", { ...seen, image_width: -160, image_height: 120 }],
      ["a size that is no number", { ...seen, image_width: "wide", image_height: null }],
    ];
    for (const [why, body] of unstated) {
      it(`is the picture's own for a reply with ${why}`, async () => {
        server.misbehave({ body });
        assert.deepEqual((await detect()).frame, FRAME);
      });
    }

    for (const [width, height] of [
      [1920, 1080],
      [120, 160],
    ]) {
      it(`must not be another picture's, of ${width} x ${height}`, async () => {
        server.misbehave({ body: { ...seen, image_width: width, image_height: height } });
        await assert.rejects(
          detect(),
          (error) =>
            error instanceof ServerError &&
            error.code === "DETECTOR_REPLY" &&
            /where it is 160 x 120/.test(error.message),
        );
      });
    }
  });

  it("takes the time the server measured, or none", async () => {
    for (const [stated, inferenceMs] of [
      [7.25, 7.25],
      [undefined, null],
      [null, null],
      [-1, null],
      ["fast", null],
    ]) {
      server.misbehave({ body: { detections: [], inference_time_ms: stated } });
      assert.equal((await detect()).inferenceMs, inferenceMs, `for ${stated}`);
    }
  });

  describe("health", () => {
    const states: [status: number, body: unknown, health: string][] = [
      [200, { status: "healthy", model_loaded: true, vram_used_gb: 0.6 }, "ready"],
      [200, { status: "degraded", model_loaded: false, device: "cuda:0" }, "warming"],
      [200, { status: "degraded", model: "yolo26", model_loaded: false }, "warming"],
      [503, { status: "starting", model_loaded: false }, "warming"],
      [503, { detail: "Triton is away" }, "failing"],
      [500, "?", "failing"],
      [401, { detail: "Not authenticated" }, "failing"],
      [307, "", "failing"],
      [404, { detail: "Not Found" }, "unknown"],
      [405, { detail: "Method Not Allowed" }, "unknown"],
      [200, "It runs", "unknown"],
      [200, { status: "healthy" }, "unknown"],
    ];
    for (const [status, body, health] of states) {
      it(`is ${health} for ${status} ${JSON.stringify(body)}`, async () => {
        server.override("GET /health", status, body);
        assert.equal((await detector.look(new AbortController().signal)).health, health);
        assert.deepEqual(server.calls, ["GET /health"]);
      });
    }
  });
});
