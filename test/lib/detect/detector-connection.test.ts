/** What all detectors over HTTP have in common: how they ask, and what they make of servers that go wrong. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import type { Detector, Picture, Sighting } from "../../../lib/detect/detector.ts";
import { ConfigError, ReplyError, ServerError, VigilError } from "../../../lib/resilience/errors.ts";
import { type DetectorServer, type Misbehaviour, startDetectorServer } from "../../support/detector-server.ts";
import { APIS, car, carBox, greyPicture } from "./apis.ts";

for (const { name, endpoint, open, body, list } of APIS) {
  describe(`${name}, as any detector over HTTP,`, () => {
    let server: DetectorServer;
    let detector: Detector;
    let picture: Picture;

    before(async () => {
      picture = await greyPicture();
    });
    beforeEach(async () => {
      server = await startDetectorServer();
      detector = open(server.url);
    });
    afterEach(async () => {
      await detector.close();
      await server.close();
    });

    function detect(from = detector, signal = new AbortController().signal): Promise<Sighting> {
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
      const { frame, boxes } = await detect();
      assert.deepEqual({ frame, boxes }, { frame: { width: 160, height: 120 }, boxes: [carBox] });
      const [{ fileName, sha256, size, path } = assert.fail("no request")] = server.requests;
      assert.deepEqual(
        { fileName, sha256, size, path },
        {
          fileName: picture.fileName,
          sha256: createHash("sha256").update(picture.bytes).digest("hex"),
          size: picture.bytes.length,
          path: endpoint,
        },
      );
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

    for (const [suffix, path] of [
      ["/", endpoint],
      ["//", endpoint],
      ["?key=7", `${endpoint}?key=7`],
    ] as const) {
      it(`posts to ${path} for an address that ends in ${suffix}`, async () => {
        const at = open(server.url + suffix);
        await detect(at);
        await at.close();
        assert.equal(server.requests[0]?.path, path);
      });
    }

    it("keeps its connections and opens no more than its concurrency", async () => {
      for (let i = 0; i < 3; i++) await detect();
      await Promise.all(Array.from({ length: 12 }, () => detect()));
      assert.ok(server.connections <= 4, `${server.connections} connections`);
      assert.equal(server.requests.length, 15);
    });

    it("sends the URL's credentials as basic authentication and names them nowhere", async () => {
      const at = open(server.url.replace("//", "//vera:s%40cret@"));
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
          () => open(url),
          (error) => error instanceof ConfigError && error.code === "DETECTOR_URL" && !error.message.includes("secret"),
        );
      });
    }

    const faults: [how: Misbehaviour, kind: typeof ServerError | typeof ReplyError, code: string, message: RegExp][] = [
      [500, ServerError, "DETECTOR_FAILED", /answered 500: Told to answer 500/],
      [502, ServerError, "DETECTOR_FAILED", /502/],
      [503, ServerError, "DETECTOR_BUSY", /503/],
      [429, ServerError, "DETECTOR_BUSY", /429/],
      [408, ServerError, "DETECTOR_TIMEOUT", /408/],
      [401, ServerError, "DETECTOR_DENIED", /401/],
      [403, ServerError, "DETECTOR_DENIED", /403/],
      // As CodeProject.AI answers until its module for detection runs.
      [404, ServerError, "DETECTOR_REPLY", /answered 404: Told to answer 404; give the address/],
      [405, ServerError, "DETECTOR_REPLY", /405/],
      [400, ReplyError, "DETECTOR_REFUSED", /400/],
      [413, ReplyError, "DETECTOR_REFUSED", /413/],
      [422, ReplyError, "DETECTOR_REFUSED", /422/],
      ["garbage", ServerError, "DETECTOR_REPLY", /not JSON.*application\/json, \{"detections": \[\{"class": "per/],
      ["html", ServerError, "DETECTOR_REPLY", /not JSON.*text\/html, <html><body>Welcome/],
      ["gzip", ServerError, "DETECTOR_REPLY", /not JSON/],
      ["not-http", ServerError, "DETECTOR_REPLY", /does not speak HTTP/],
      ["hangup", ServerError, "DETECTOR_UNREACHABLE", /No connection to http:\/\/127/],
      ["cut", ServerError, "DETECTOR_UNREACHABLE", /No connection to http:\/\/127/],
      ["redirect", ServerError, "DETECTOR_REPLY", /redirects to \/yolo26\/detect/],
      [{ redirect: "http://elsewhere.invalid/" }, ServerError, "DETECTOR_REPLY", /redirects to http:\/\/elsewhere/],
      ["endless", ServerError, "DETECTOR_REPLY", /more than 8388608 bytes/],
      [{ body: [] }, ServerError, "DETECTOR_REPLY", /reply: .*expected object/],
      [{ body: null }, ServerError, "DETECTOR_REPLY", /reply: .*expected object/],
      [{ body: body({ confidence: null }) }, ServerError, "DETECTOR_REPLY", new RegExp(`${list}\\.0\\.confidence`)],
      [{ body: body({ confidence: "0.9" }) }, ServerError, "DETECTOR_REPLY", new RegExp(`${list}\\.0\\.confidence`)],
      [{ body: { ...body(), [list]: {} } }, ServerError, "DETECTOR_REPLY", new RegExp(`${list}: .*expected array`)],
    ];
    for (const [how, kind, code, message] of faults) {
      it(`takes ${JSON.stringify(how)} for ${code}`, async () => {
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

    for (const how of ["never", "drip"] as const) {
      it(`takes an answer that comes ${how} for DETECTOR_TIMEOUT, and cuts it off`, async () => {
        server.misbehave(how);
        const at = open(server.url, 150);
        const error = await failure(detect(at));
        await at.close();
        assert.equal(error.code, "DETECTOR_TIMEOUT");
        assert.match(error.message, /within 0\.15 s/);
      });
    }

    it("says why nobody is there", async () => {
      const port = await closedPort();
      for (const host of ["127.0.0.1", "localhost"]) {
        const at = open(`http://${host}:${port}`);
        const error = await failure(detect(at));
        await at.close();
        assert.equal(error.code, "DETECTOR_UNREACHABLE");
        assert.match(error.message, /ECONNREFUSED/);
      }
    });

    it("repeats a refusing server's words on one line and shortened", async () => {
      const fileName = `${"x".repeat(240)}.exe`;
      const error = await failure(detector.detect({ ...picture, fileName }, new AbortController().signal));
      assert.ok(error instanceof ReplyError);
      assert.equal(error.code, "DETECTOR_REFUSED");
      assert.match(error.message, /: File type of 'x+$/);
      assert.ok(error.message.length < 290, `${error.message.length} characters`);
    });

    it("takes what a picture is refused for as that picture's fault", async () => {
      const bytes = Buffer.from("this is text");
      const error = await failure(detector.detect({ ...picture, bytes }, new AbortController().signal));
      assert.ok(error instanceof ReplyError);
      assert.match(error.message, /is not a picture/);
    });

    const oddities: [what: string, body: object, boxes: object[]][] = [
      ["unknown fields", { ...body({ track_id: 4, userid: "?" }), moduleId: "x", nested: { a: [1] } }, [carBox]],
      ["a confidence that makes no sense", body({ confidence: -3 }), [{ ...carBox, confidence: -3 }]],
      ["no detections", { ...body(), [list]: [] }, []],
    ];
    for (const [what, reply, boxes] of oddities) {
      it(`passes on a reply with ${what}`, async () => {
        server.misbehave({ body: reply });
        assert.deepEqual((await detect()).boxes, boxes);
      });
    }

    it("passes on 10,000 detections", async () => {
      server.answer(Array.from({ length: 10_000 }, () => car));
      assert.equal((await detect()).boxes.length, 10_000);
    });

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

    it("sends nothing when it was told to stop before", async () => {
      await assert.rejects(detect(detector, AbortSignal.abort()), { name: "AbortError" });
      assert.equal(server.requests.length, 0);
    });

    it("abandons what is under way when it is closed, and closes twice", async () => {
      server.misbehave("never");
      const pending = failure(detect());
      await server.received(1);
      await detector.close();
      assert.ok((await pending) instanceof ServerError);
      await detector.close();
    });

    it("fails its health where nobody answers, and stops asking when told to", async () => {
      const port = await closedPort();
      const away = open(`http://127.0.0.1:${port}`);
      assert.equal((await away.look(new AbortController().signal)).health, "failing");
      await away.close();
      await assert.rejects(detector.look(AbortSignal.abort()), { name: "AbortError" });
    });

    it("says how it is while all connections are busy with pictures", async () => {
      server.misbehave("never");
      const pending = Promise.allSettled(Array.from({ length: 4 }, () => detect()));
      await server.received(4);
      assert.equal((await detector.look(new AbortController().signal)).health, "ready");
      assert.equal(server.requests.length, 4, "and sends no picture for it");
      await detector.close();
      await pending;
    });
  });
}

/** A port that was free a moment ago. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}
