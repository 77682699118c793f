import assert from "node:assert/strict";
import { DeepstackServer } from "../../../lib/detect/deepstack-server.ts";
import type { Picture } from "../../../lib/detect/detector.ts";
import { ReplyError, ServerError } from "../../../lib/resilience/errors.ts";
import { type DetectorServer, startDetectorServer } from "../../support/detector-server.ts";
import { car, carBox, greyPicture } from "./apis.ts";

describe("DeepstackServer", () => {
  let server: DetectorServer;
  let detector: DeepstackServer;
  let picture: Picture;

  before(async () => {
    picture = await greyPicture();
  });
  beforeEach(async () => {
    server = await startDetectorServer();
    detector = new DeepstackServer({ url: server.url, timeoutMs: 5000, concurrency: 4, minConfidence: 0.35 });
  });
  afterEach(async () => {
    await detector.close();
    await server.close();
  });

  const detect = (changes: Partial<Picture> = {}) =>
    detector.detect({ ...picture, ...changes }, new AbortController().signal);

  it("asks for what is at least so sure, and takes the time the server measured", async () => {
    server.answer([car]);
    assert.deepEqual(await detect(), { frame: { width: 160, height: 120 }, boxes: [carBox], inferenceMs: 12 });
    assert.equal(server.requests[0]?.minConfidence, "0.35");
  });

  it("takes the reply of DeepStack, which measures no time", async () => {
    const prediction = { confidence: 0.87, label: "car", y_min: 30, x_min: 12, y_max: 50, x_max: 52 };
    server.misbehave({ body: { success: true, predictions: [prediction], duration: 0 } });
    assert.deepEqual(await detect(), { frame: { width: 160, height: 120 }, boxes: [carBox], inferenceMs: null });
  });

  it("passes on boxes that make no sense, for the normaliser to drop", async () => {
    const inverted = { label: "car", confidence: 0.87, x_min: 50, y_min: -4, x_max: 10, y_max: 1e9 };
    server.misbehave({ body: { success: true, predictions: [inverted] } });
    assert.deepEqual((await detect()).boxes, [{ ...carBox, x: 50, y: -4, width: -40, height: 1e9 + 4 }]);
  });

  for (const corner of [null, "12", [12], undefined]) {
    it(`does not take ${JSON.stringify(corner)} for a corner`, async () => {
      const prediction = { label: "car", confidence: 0.9, x_min: corner, y_min: 1, x_max: 20, y_max: 20 };
      server.misbehave({ body: { success: true, predictions: [prediction] } });
      await assert.rejects(detect(), { code: "DETECTOR_REPLY", message: /predictions\.0\.x_min/ });
    });
  }

  for (const success of [undefined, null, "true", 1]) {
    it(`does not take ${JSON.stringify(success)} for success`, async () => {
      server.misbehave({ body: { success, predictions: [] } });
      await assert.rejects(detect(), { code: "DETECTOR_REPLY" });
    });
  }

  const failures: [body: object, kind: typeof ServerError | typeof ReplyError, code: string, words: string][] = [
    [{ error: "invalid image file", code: 400 }, ReplyError, "DETECTOR_REFUSED", "invalid image file"],
    [{ error: "No File supplied" }, ReplyError, "DETECTOR_REFUSED", "No File supplied"],
    [
      { error: "Illegal start bytes:8950", message: "Failboat" },
      ReplyError,
      "DETECTOR_REFUSED",
      "Illegal start bytes:8950",
    ],
    [{ error: null, message: "no picture", code: 0 }, ReplyError, "DETECTOR_REFUSED", "no picture"],
    [{ error: "not loaded\nyet" }, ServerError, "DETECTOR_BUSY", "not loaded yet"],
    [{ error: "Error occured on the server", code: 500 }, ServerError, "DETECTOR_FAILED", "Error occured"],
    [
      { error: "Unable to create YOLO detector for model m", code: 500 },
      ServerError,
      "DETECTOR_BUSY",
      "Unable to create",
    ],
    [{ error: "Request queue 'q' is full (#reqid 1)", code: 500 }, ServerError, "DETECTOR_BUSY", "is full"],
    [{ error: "The request timed out.", code: -1 }, ServerError, "DETECTOR_BUSY", "timed out"],
    [{ error: "Operation timed out" }, ServerError, "DETECTOR_BUSY", "timed out"],
    [{}, ReplyError, "DETECTOR_REFUSED", "no explanation"],
    [{ error: 7, code: "x" }, ReplyError, "DETECTOR_REFUSED", "no explanation"],
  ];
  for (const [body, kind, code, words] of failures) {
    it(`takes a failure with ${JSON.stringify(body)} for ${code}`, async () => {
      server.misbehave({ body: { success: false, predictions: [], ...body } });
      await assert.rejects(detect(), (error) => {
        assert.ok(error instanceof kind, String(error));
        assert.equal(error.code, code);
        assert.ok(error.message.includes(words) && error.message.includes(server.url), error.message);
        return true;
      });
    });
  }

  it("looks at several pictures one by one", async () => {
    server.answer([car]);
    server.misbehave(({ fileName }) => (fileName === "b.jpg" ? 400 : null));
    const pictures = ["a.jpg", "b.jpg", "c.jpg"].map((fileName) => ({ ...picture, fileName }));
    const [a, b, c] = await detector.detectMany(pictures, new AbortController().signal);
    assert.ok(b instanceof ReplyError);
    for (const each of [a, c]) assert.ok(each && !(each instanceof Error) && each.boxes.length === 1);
  });

  describe("health", () => {
    type Page = [status: number, body: unknown] | null;
    const states: [who: string, ping: Page, page: Page, health: string][] = [
      ["CodeProject.AI", [200, { success: true, message: "2.9.5" }], null, "ready"],
      ["CodeProject.AI, unwell", [200, { success: false }], null, "failing"],
      ["a server that is starting", [503, "wait"], null, "failing"],
      ["a web page for everything", [200, "<html>"], null, "unknown"],
      ["DeepStack or Blue Onyx", [404, "404 page not found"], [200, "It runs"], "ready"],
      ["a server with no front page", [404, ""], [404, ""], "unknown"],
    ];
    for (const [who, ping, page, health] of states) {
      it(`of ${who} is ${health}`, async () => {
        if (ping) server.override("GET /v1/status/ping", ...ping);
        if (page) server.override("GET /", ...page);
        assert.equal((await detector.look(new AbortController().signal)).health, health);
        assert.deepEqual(server.calls, ["GET /v1/status/ping", ...(page ? ["GET /"] : [])]);
      });
    }
  });
});
