/** Several pictures at once: both servers' batches, and what to do without. */
import assert from "node:assert/strict";
import sharp from "sharp";
import type { Picture, PictureFault, Sighting } from "../../../lib/detect/detector.ts";
import { YoloServer } from "../../../lib/detect/yolo-server.ts";
import { ReplyError } from "../../../lib/resilience/errors.ts";
import { type DetectorServer, startDetectorServer } from "../../support/detector-server.ts";
import { car, carBox, greyPicture } from "./apis.ts";

const FRAME = { width: 160, height: 120 };

describe("YoloServer.detectMany", () => {
  let server: DetectorServer;
  let detector: YoloServer;
  let picture: Picture;
  let pictures: Picture[];

  before(async () => {
    picture = await greyPicture();
    pictures = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const bytes = await sharp(picture.bytes)
          .withExif({ IFD0: { ImageDescription: `${i}` } })
          .toBuffer();
        return { ...picture, bytes, fileName: `${i}.jpg` };
      }),
    );
  });
  beforeEach(async () => {
    server = await startDetectorServer();
    detector = detectorAt(server.url);
    server.answer(({ fileName }) => [{ ...car, class: fileName }]);
  });

  afterEach(async () => {
    await detector.close();
    await server.close();
  });

  function detectorAt(url: string): YoloServer {
    return new YoloServer({ url, timeoutMs: 5000, concurrency: 4 });
  }

  const detectMany = (many: readonly Picture[]) => detector.detectMany(many, new AbortController().signal);
  const labels = (answers: readonly (Sighting | PictureFault)[]) =>
    answers.map((answer) => (answer instanceof Error ? answer.code : answer.boxes[0]?.label));
  const posts = (batches: number, singles: number, prefix = "") => [
    ...Array.from({ length: batches }, () => `POST ${prefix}/detect/batch`),
    ...Array.from({ length: singles }, () => `POST ${prefix}/detect`),
  ];
  const behindGateway = async () => {
    await detector.close();
    detector = detectorAt(`${server.url}/yolo26`);
  };

  it("asks about eight pictures at once, in their order", async () => {
    const answers = await detectMany(pictures);
    assert.deepEqual(
      labels(answers),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => `${i}.jpg`),
    );
    assert.deepEqual(server.calls, posts(2, 0));
    assert.deepEqual(
      server.requests.map(({ fileName }) => fileName),
      pictures.map(({ fileName }) => fileName),
    );
    const [first] = answers;
    assert.deepEqual(first, { frame: FRAME, boxes: [{ ...carBox, label: "0.jpg" }], inferenceMs: 10 });
  });

  it("asks for nothing about no picture, and about one alone", async () => {
    assert.deepEqual(await detectMany([]), []);
    assert.deepEqual(labels(await detectMany(pictures.slice(0, 1))), ["0.jpg"]);
    assert.deepEqual(server.calls, posts(0, 1));
  });

  it("understands the gateway", async () => {
    await behindGateway();
    assert.deepEqual(labels(await detectMany(pictures.slice(0, 3))), ["0.jpg", "1.jpg", "2.jpg"]);
    assert.deepEqual(server.calls, posts(1, 0, "/yolo26"));
  });

  for (const status of [400, 413, 422]) {
    it(`asks one by one where the server refuses all with ${status}, so that only the bad picture is at fault`, async () => {
      server.misbehave(({ fileName }) => (fileName === "1.jpg" ? status : null));
      assert.deepEqual(labels(await detectMany(pictures.slice(0, 3))), ["0.jpg", "DETECTOR_REFUSED", "2.jpg"]);
      assert.deepEqual(server.calls, posts(1, 3));
      server.misbehave(null);
      await detectMany(pictures.slice(0, 3));
      assert.deepEqual(server.calls, [...posts(1, 3), ...posts(1, 0)], "and goes on with batches");
    });
  }

  it("asks one by one where the batch makes the server fail", async () => {
    server.override("POST /detect/batch", 500);
    assert.deepEqual(labels(await detectMany(pictures.slice(0, 2))), ["0.jpg", "1.jpg"]);
    assert.deepEqual(server.calls, posts(1, 2));
  });

  it("asks alone about what the gateway has an error for", async () => {
    await behindGateway();
    server.misbehave(({ fileName }) => (fileName === "1.jpg" ? 400 : null));
    const answers = await detectMany([...pictures.slice(0, 2), { ...picture, bytes: Buffer.from("text") }]);
    assert.deepEqual(labels(answers), ["0.jpg", "DETECTOR_REFUSED", "DETECTOR_REFUSED"]);
    assert.ok(answers[1] instanceof ReplyError);
    assert.deepEqual(server.calls, posts(1, 2, "/yolo26"));
  });

  it("knows the gateway's own trouble from that of a picture", async () => {
    await behindGateway();
    // With the status 200 it says that Triton failed, or even nothing.
    const results = [
      { detections: [], error: "Inference failed" },
      { detections: [], error: "" },
    ];
    server.override("POST /yolo26/detect/batch", 200, { results });
    server.misbehave(503);
    await assert.rejects(detectMany(pictures.slice(0, 2)), { name: "ServerError", code: "DETECTOR_BUSY" });
    server.misbehave(null);
    assert.deepEqual(labels(await detectMany(pictures.slice(0, 2))), ["0.jpg", "1.jpg"]);
  });

  for (const status of [404, 405]) {
    it(`remembers that a server knows no batches: ${status}`, async () => {
      server.override("POST /detect/batch", status);
      assert.deepEqual(labels(await detectMany(pictures.slice(0, 2))), ["0.jpg", "1.jpg"]);
      await detectMany(pictures.slice(2, 4));
      assert.deepEqual(server.calls, posts(1, 4));
    });
  }

  const result = { detections: [car], image_width: 160, image_height: 120 };
  const wrong: [what: string, results: unknown, message: RegExp][] = [
    ["too few results", [result], /sent 2 pictures, but answers for \[0\]/],
    ["too many results", [result, result, result], /answers for \[0, 1, 2\]/],
    ["no results", [], /answers for \[\]/],
    [
      "an index twice",
      [
        { ...result, index: 0 },
        { ...result, index: 0 },
      ],
      /answers for \[0, 0\]/,
    ],
    [
      "another order",
      [
        { ...result, index: 1 },
        { ...result, index: 0 },
      ],
      /answers for \[1, 0\]/,
    ],
    ["an index that is none", [{ ...result, index: "0" }, result], /results\.0\.index/],
    ["another picture's size", [{ ...result, image_width: 640 }, result], /where it is 160 x 120/],
    ["a result that is none", [result, null], /results\.1/],
    ["what is no list", { 0: result, 1: result }, /results: .*expected array/],
  ];
  for (const [what, results, message] of wrong) {
    it(`does not take ${what}`, async () => {
      server.override("POST /detect/batch", 200, { results, total_inference_time_ms: 4 });
      await assert.rejects(detectMany(pictures.slice(0, 2)), {
        name: "ServerError",
        code: "DETECTOR_REPLY",
        message,
      });
      assert.deepEqual(server.calls, posts(1, 0));
    });
  }

  for (const [status, code] of [
    [503, "DETECTOR_BUSY"],
    [429, "DETECTOR_BUSY"],
    [502, "DETECTOR_FAILED"],
    [403, "DETECTOR_DENIED"],
  ] as const) {
    it(`leaves the server alone at ${status}`, async () => {
      server.misbehave(status);
      await assert.rejects(detectMany(pictures.slice(0, 2)), { name: "ServerError", code });
      assert.deepEqual(server.calls, posts(1, 0));
    });
  }

  it("stops when it is told to", async () => {
    server.misbehave("never");
    const controller = new AbortController();
    const reason = new Error("the node is closing");
    const pending = assert.rejects(detector.detectMany(pictures, controller.signal), (error) => error === reason);
    await server.received(8);
    controller.abort(reason);
    await pending;
  });
});
