import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import sharp from "sharp";
import type { Picture, Sighting } from "../../../lib/detect/detector.ts";
import { YoloServer } from "../../../lib/detect/yolo-server.ts";
import { ConfigError, MediaError, ReplyError, ServerError, VigilError } from "../../../lib/resilience/errors.ts";
import {
  type DetectorServer,
  type Misbehaviour,
  startDetectorServer,
  type WireDetection,
} from "../../support/detector-server.ts";

const car: WireDetection = { class: "car", confidence: 0.87, bbox: { x: 12, y: 30, width: 40, height: 20 } };
const carBox = { label: "car", confidence: 0.87, x: 12, y: 30, width: 40, height: 20 };

describe("YoloServer", () => {
  let server: DetectorServer;
  let detector: YoloServer;
  let picture: Picture;

  before(async () => {
    const grey = { width: 160, height: 120, channels: 3 as const, background: "#888" };
    const bytes = await sharp({ create: grey }).jpeg().toBuffer();
    picture = { bytes, fileName: "MDAlarm_20260301-100000.jpg", cameraId: "front_door" };
  });
  beforeEach(async () => {
    server = await startDetectorServer();
    detector = detectorAt(server.url);
  });
  afterEach(async () => {
    await detector.close();
    await server.close();
  });

  function detectorAt(url: string, timeoutMs = 5000): YoloServer {
    return new YoloServer({ url, timeoutMs, concurrency: 4 });
  }

  function detect(from: YoloServer = detector, signal = new AbortController().signal): Promise<Sighting> {
    return from.detect(picture, signal);
  }

  async function failure(promise: Promise<unknown>): Promise<VigilError> {
    const thrown = await promise.then(
      () => assert.fail("it should have failed"),
      (error) => error,
    );
    assert.ok(thrown instanceof VigilError, String(thrown));
    return thrown;
  }

  it("sends the picture and gives back what the server saw", async () => {
    server.answer([car]);
    assert.deepEqual(await detect(), { frame: { width: 160, height: 120 }, boxes: [carBox], inferenceMs: 12.5 });
    const [{ fileName, sha256, size, path } = assert.fail("no request")] = server.requests;
    assert.deepEqual(
      { fileName, sha256, size, path },
      {
        fileName: picture.fileName,
        sha256: createHash("sha256").update(picture.bytes).digest("hex"),
        size: picture.bytes.length,
        path: "/detect",
      },
    );
  });

  it("takes boxes as lists", async () => {
    server.answer([car]);
    server.misbehave("list-boxes");
    assert.deepEqual((await detect()).boxes, [carBox]);
  });

  it("waits for a slow answer", async () => {
    server.answer([car]);
    server.misbehave({ slow: 200 });
    assert.deepEqual((await detect()).boxes, [carBox]);
  });

  const names: [fileName: string, sent: string][] = [
    ["/ftp/Front Door/snap/a.jpg", "a.jpg"],
    ["Türe 玄関.jpg", "Türe 玄関.jpg"],
    ['a"b.jpg', "a%22b.jpg"],
    ["a\r\nx-evil: 1\u0007.jpg", "a x-evil: 1 .jpg"],
  ];
  for (const [fileName, sent] of names) {
    it(`sends the file name ${JSON.stringify(fileName)} as ${sent}`, async () => {
      await detector.detect({ ...picture, fileName }, new AbortController().signal);
      assert.equal(server.requests[0]?.fileName, sent);
    });
  }

  it("passes on boxes that make no sense, for the normaliser to drop", async () => {
    const odd = { class: "car", confidence: -3, bbox: { x: -10, y: 1e9, width: 0, height: -5 } };
    server.answer([odd]);
    assert.deepEqual((await detect()).boxes, [{ label: "car", confidence: -3, x: -10, y: 1e9, width: 0, height: -5 }]);
  });

  for (const [suffix, path] of [
    ["/", "/detect"],
    ["/yolo26", "/yolo26/detect"],
    ["/yolo26//", "/yolo26/detect"],
    ["/yolo26?key=7", "/yolo26/detect?key=7"],
  ] as const) {
    it(`posts to ${path} for an address that ends in ${suffix}`, async () => {
      const at = detectorAt(server.url + suffix);
      await detect(at);
      await at.close();
      assert.equal(server.requests[0]?.path, path);
    });
  }

  it("keeps its connections and opens no more than its concurrency", async () => {
    for (let i = 0; i < 3; i++) await detect();
    assert.equal(server.connections, 1);
    await Promise.all(Array.from({ length: 12 }, () => detect()));
    assert.ok(server.connections <= 4, `${server.connections} connections`);
    assert.equal(server.requests.length, 15);
  });

  it("sends the URL's credentials as basic authentication and names them nowhere", async () => {
    const at = detectorAt(server.url.replace("//", "//vera:s%40cret@"));
    await detect(at);
    assert.equal(server.requests[0]?.authorization, `Basic ${Buffer.from("vera:s@cret").toString("base64")}`);
    assert.equal(at.name, server.url);
    server.misbehave(500);
    const { message } = await failure(detect(at));
    await at.close();
    assert.match(message, /127\.0\.0\.1/);
    assert.doesNotMatch(message, /vera|cret/);
  });

  for (const url of ["", "192.168.1.10:8095", "ftp://vera:secret@camera/", "http://"]) {
    it(`refuses the address "${url}"`, () => {
      assert.throws(
        () => detectorAt(url),
        (error) => error instanceof ConfigError && error.code === "DETECTOR_URL" && !error.message.includes("secret"),
      );
    });
  }

  describe("frame", () => {
    const seen = { detections: [car] };
    const frames: [why: string, body: object, frame: [number, number]][] = [
      ["no size", seen, [160, 120]],
      ["a size of zero", { ...seen, image_width: 0, image_height: 0 }, [160, 120]],
      ["a negative size", { ...seen, image_width: -160, image_height: 120 }, [160, 120]],
      ["a size that is no number", { ...seen, image_width: "wide", image_height: null }, [160, 120]],
      ["the sides swapped", { ...seen, image_width: 120, image_height: 160 }, [120, 160]],
    ];
    for (const [why, body, [width, height]] of frames) {
      it(`is ${width} x ${height} for a reply with ${why}`, async () => {
        server.misbehave({ body });
        assert.deepEqual((await detect()).frame, { width, height });
      });
    }

    it("is the upright picture's where the server states none", async () => {
      server.misbehave({ body: seen });
      const bytes = await sharp(picture.bytes).withMetadata({ orientation: 6 }).toBuffer();
      const { frame } = await detector.detect({ ...picture, bytes }, new AbortController().signal);
      assert.deepEqual(frame, { width: 120, height: 160 });
    });

    it("is the server's for a picture that only the server can read", async () => {
      server.misbehave({ body: { ...seen, image_width: 800, image_height: 600 } });
      const bytes = Buffer.from("BM, a bitmap");
      const { frame } = await detector.detect({ ...picture, bytes }, new AbortController().signal);
      assert.deepEqual(frame, { width: 800, height: 600 });
    });

    it("is missed where nobody can tell", async () => {
      server.misbehave({ body: seen });
      const bytes = Buffer.from("BM, a bitmap");
      const error = await failure(detector.detect({ ...picture, bytes }, new AbortController().signal));
      assert.ok(error instanceof MediaError);
      assert.equal(error.code, "UNREADABLE_IMAGE");
    });

    it("must not be another picture's", async () => {
      server.misbehave({ body: { ...seen, image_width: 1920, image_height: 1080 } });
      const error = await failure(detect());
      assert.equal(error.code, "DETECTOR_REPLY");
      assert.match(error.message, /1920 x 1080.*160 x 120/);
    });
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

  describe("misbehaviour", () => {
    const cases: [how: Misbehaviour, kind: typeof ServerError | typeof ReplyError, code: string, message: RegExp][] = [
      [500, ServerError, "DETECTOR_FAILED", /answered 500: Told to answer 500/],
      [502, ServerError, "DETECTOR_FAILED", /502/],
      [503, ServerError, "DETECTOR_BUSY", /503/],
      [429, ServerError, "DETECTOR_BUSY", /429/],
      [408, ServerError, "DETECTOR_TIMEOUT", /408/],
      [404, ReplyError, "DETECTOR_REFUSED", /404/],
      [422, ReplyError, "DETECTOR_REFUSED", /422/],
      ["garbage", ServerError, "DETECTOR_REPLY", /not JSON.*application\/json, \{"detections": \[\{"class": "per/],
      ["html", ServerError, "DETECTOR_REPLY", /not JSON.*text\/html, <html><body>Welcome/],
      ["not-http", ServerError, "DETECTOR_REPLY", /does not speak HTTP/],
      ["hangup", ServerError, "DETECTOR_UNREACHABLE", /No connection to http:\/\/127/],
      ["redirect", ServerError, "DETECTOR_REPLY", /redirects to \/yolo26\/detect/],
      ["endless", ServerError, "DETECTOR_REPLY", /more than 8388608 bytes/],
      [{ body: [] }, ServerError, "DETECTOR_REPLY", /reply: .*expected object/],
      [{ body: {} }, ServerError, "DETECTOR_REPLY", /detections: .*expected array/],
      [{ body: { detections: [car, { ...car, class: 7 }] } }, ServerError, "DETECTOR_REPLY", /detections\.1\.class/],
      [{ body: { detections: [{ ...car, bbox: [1, 2] }] } }, ServerError, "DETECTOR_REPLY", /detections\.0\.bbox/],
      [{ body: { detections: [{ ...car, confidence: null }] } }, ServerError, "DETECTOR_REPLY", /detections\.0\.conf/],
    ];
    for (const [how, kind, code, message] of cases) {
      it(`${JSON.stringify(how)} is ${code}`, async () => {
        server.misbehave(how);
        const error = await failure(detect());
        assert.ok(error instanceof kind, error.name);
        assert.equal(error.code, code);
        assert.equal(error.retryable, kind === ServerError);
        assert.match(error.message, message);
        assert.ok(error.message.includes(server.url), error.message);
        assert.equal(server.requests.length, 1, "sent once, no redirect followed");

        server.misbehave(null);
        assert.deepEqual((await detect()).boxes, [], "and works again");
      });
    }

    it("no answer is DETECTOR_TIMEOUT, and cut off", async () => {
      server.misbehave("never");
      const at = detectorAt(server.url, 150);
      const error = await failure(detect(at));
      await at.close();
      assert.equal(error.code, "DETECTOR_TIMEOUT");
      assert.match(error.message, /within 0\.15 s/);
    });

    it("nobody there is DETECTOR_UNREACHABLE, with a reason", async () => {
      const port = await closedPort();
      for (const host of ["127.0.0.1", "localhost"]) {
        const at = detectorAt(`http://${host}:${port}`);
        const error = await failure(detect(at));
        await at.close();
        assert.equal(error.code, "DETECTOR_UNREACHABLE");
        assert.match(error.message, /ECONNREFUSED/);
      }
    });

    it("a refused picture carries the server's words, on one line and shortened", async () => {
      const fileName = `${"x".repeat(240)}.exe`;
      const error = await failure(detector.detect({ ...picture, fileName }, new AbortController().signal));
      assert.equal(error.code, "DETECTOR_REFUSED");
      assert.match(error.message, /answered 400: File type of 'x+$/);
      assert.ok(error.message.length < 260, `${error.message.length} characters`);
    });

    it("a refused picture leaves the server well", async () => {
      const bytes = Buffer.from("this is text");
      const error = await failure(detector.detect({ ...picture, bytes }, new AbortController().signal));
      assert.ok(error instanceof ReplyError);
      assert.match(error.message, /is not a picture/);
    });
  });

  describe("cancellation", () => {
    it("ends a waiting request at once, with the signal's reason", async () => {
      server.misbehave("never");
      const controller = new AbortController();
      const reason = new Error("the node is closing");
      const pending = assert.rejects(detect(detector, controller.signal), (error) => error === reason);
      await server.received(1);
      controller.abort(reason);
      await pending;
    });

    it("ends a reply that is under way", async () => {
      server.misbehave("endless");
      const controller = new AbortController();
      const pending = assert.rejects(detect(detector, controller.signal), { name: "AbortError" });
      await server.received(1);
      controller.abort();
      await pending;
    });

    it("sends nothing when it came before", async () => {
      await assert.rejects(detect(detector, AbortSignal.abort()), { name: "AbortError" });
      assert.equal(server.requests.length, 0);
    });

    it("closing abandons what is under way, and closing again does nothing", async () => {
      server.misbehave("never");
      const pending = failure(detect());
      await server.received(1);
      await detector.close();
      assert.ok((await pending) instanceof ServerError);
      await detector.close();
    });
  });
});

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}
