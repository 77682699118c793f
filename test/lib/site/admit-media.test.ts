import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import type { Detector } from "../../../lib/detect/detector.ts";
import { onlyHealth } from "../../../lib/domain/server-report.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import { Ffmpeg } from "../../../lib/media/ffmpeg.ts";
import { inspectionStage } from "../../../lib/site/inspection.ts";
import { DATABASE_FILE } from "../../../lib/store/store.ts";
import { hasFfmpeg, makeClip } from "../../support/clips.ts";
import { eventually } from "../../support/eventually.ts";
import { noFilters } from "../../support/filters.ts";
import { violations } from "../../support/invariants.ts";
import { scene } from "../../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { enterHanded, rows, uploadOf } from "../store/support.ts";
import { type Rig, RunningSite } from "./running-site.ts";

const FRAME = { width: 640, height: 360 };

const SEES_NOTHING: Detector = {
  name: "blind",
  concurrency: 1,
  inProcess: false,
  detect: async () => ({ frame: FRAME, boxes: [], inferenceMs: null }),
  detectMany: async (pictures) => pictures.map(() => ({ frame: FRAME, boxes: [], inferenceMs: null })),
  look: async () => onlyHealth("ready"),
  reset: () => {},
  close: async () => {},
};

const SLOW_MS = 60_000;

describe("a picture or clip that comes as bytes or as a path", function () {
  this.timeout(2 * SLOW_MS);
  let running: RunningSite;
  let detect: Rig<unknown>;
  let picture: Buffer;

  before(async () => {
    picture = await scene();
  });

  beforeEach(() => {
    running = new RunningSite();
    start(new Ffmpeg());
  });

  afterEach(async () => {
    await running.close();
    removeTempFolders();
  });

  function start(ffmpeg: Ffmpeg): void {
    const { site } = running;
    detect = running.start(`detect ${running.flows.size}`, "detect", ({ nodeId }) => ({
      stage: inspectionStage({
        site,
        nodeId,
        detector: SEES_NOTHING,
        ffmpeg,
        framesPerClip: 5,
        filters: noFilters,
        userDir: running.folder,
        defaultCamera: "",
        publish: false,
        watchViews: false,
      }),
    }));
  }

  /** Puts a message in and waits until its work has ended. */
  const ended = async (message: object) => {
    const before = detect.ended.length;
    await detect.put({ topic: "porch", ...message });
    await eventually(() => detect.ended.length > before, "the end of the work", SLOW_MS);
    equal(detect.ended.at(-1), undefined);
  };
  const account = () => rows(running.folder, "SELECT * FROM account ORDER BY upload_id");
  function clip(): Buffer {
    const path = join(running.folder, "made.mp4");
    makeClip(path, { frames: 3 });
    return readFileSync(path);
  }
  /** An upload that a watch has handed on with these bytes. */
  const watched = (bytes = picture, media_type: Upload["media_type"] = "image") => {
    const path = join(tempFolder(), media_type === "video" ? "1.mp4" : "1.jpg");
    writeFileSync(path, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const upload = uploadOf("up_1", { media_type, sha256, size: bytes.length });
    enterHanded(running.site.store, upload);
    const handover = running.site.store.handovers.send("watch", 0, { kind: "upload", id: "up_1" }, "{}", 0);
    return { path, handover };
  };

  const brought = (["image", "video"] as const).flatMap((kind) =>
    (["bytes", "path"] as const).map((what) => ({ kind, what })),
  );
  for (const { kind, what } of brought) {
    it(`is the upload that a watch has found, when a message brings its ${what} instead: ${kind}`, async function () {
      if (kind === "video" && !hasFfmpeg) return this.skip();
      const bytes = kind === "video" ? clip() : picture;
      const { path, handover } = watched(bytes, kind);
      const payload = what === "bytes" ? bytes : path;
      await ended({ _msgid: "m1", handover, payload });
      await running.pass(3);
      await ended({ _msgid: "m2", handover, payload, replayed: true });
      deepEqual(account(), [{ upload_id: "up_1", what: "inspected" }]);
      deepEqual(rows(running.folder, "SELECT subject_id, state FROM work"), [{ subject_id: "up_1", state: "done" }]);
      deepEqual(violations(join(running.folder, DATABASE_FILE)), []);
    });
  }

  const forms: [what: string, made: (bytes: Buffer) => unknown][] = [
    ["other bytes than a Buffer", (bytes) => new Uint8Array(bytes)],
    [
      "bytes of another realm, as a function node makes them",
      (bytes) => runInNewContext("new Uint8Array(a)", { a: [...bytes] }),
    ],
    ["a Buffer that went through JSON", (bytes) => JSON.parse(JSON.stringify(bytes))],
    ["base64", (bytes) => bytes.toString("base64")],
    ["base64 in lines, for URLs", (bytes) => bytes.toString("base64url").replaceAll(/.{76}/g, "$&\n")],
    ["a data URL", (bytes) => `data:image/jpeg;base64,${bytes.toString("base64")}`],
  ];
  for (const [what, made] of forms) {
    it(`may be ${what}, also in several messages that a split node has made of one`, async () => {
      const parts = [picture, await scene(null, { seed: 1 })];
      for (const part of parts) await ended({ _msgid: "m1", payload: made(part) });
      const uploads = rows(running.folder, "SELECT path FROM uploads ORDER BY received_at, rowid");
      deepEqual(
        uploads.map(({ path }) => readFileSync(String(path))),
        parts,
      );
    });
  }

  it("may be a relative path: it starts in the user directory", async () => {
    const path = join(running.folder, "a.jpg");
    writeFileSync(path, picture);
    await ended({ payload: "a.jpg" });
    deepEqual(rows(running.folder, "SELECT path FROM uploads"), [{ path }]);
  });

  const refused: [what: string, payload: unknown, says: RegExp][] = [
    [
      "a URL, whose password is not repeated",
      "http://admin:secret@cam/a.jpg",
      /^InputError: msg.payload is a URL: [^@]*$/,
    ],
    ["a path of nothing", "/none.jpg", /^MediaError: \/none.jpg does not exist on this machine$/],
    ["a data URL of text", "data:text/plain;base64,aGVsbG8=", /does not start like a JPEG or PNG picture/],
    ["any text", "hello", /^InputError: "hello" is neither base64 of a picture or clip nor the path of one/],
    ["a list", [1], /must be a picture .* it is a list: a split node sends/],
    [
      "an object of another node",
      { before: {}, after: {} },
      /must be a picture .* it is an object with before, after$/,
    ],
    ["nothing", undefined, /must be a picture .* it is undefined$/],
    ["half an upload", { upload_id: "up_1" }, /msg.payload.camera_id/],
  ];
  for (const [what, payload, says] of refused) {
    it(`is not ${what}`, async () => {
      await detect.put({ topic: "porch", payload });
      const error = await eventually(() => detect.ended.at(-1), "the refusal");
      match(String(error), says);
    });
  }

  it("is one upload where its message is sent again, and two where it comes in messages of their own", async () => {
    await ended({ _msgid: "m1", payload: picture });
    await running.pass(3);
    await ended({ _msgid: "m1", payload: picture });
    equal(account().length, 1);
    await ended({ _msgid: "m2", payload: picture });
    equal(account().length, 2);
  });

  it("has the time of its name and the frames of a clip, where it is the path of one", async function () {
    if (!hasFfmpeg) return this.skip();
    const path = join(running.folder, "20200911T123100Z.mp4");
    makeClip(path, { frames: 3 });
    await ended({ payload: path });
    const [upload] = rows(running.folder, "SELECT media_type, captured_at, path FROM uploads");
    deepEqual(upload, { media_type: "video", captured_at: "2020-09-11T12:31:00.000Z", path });
    deepEqual(rows(running.folder, "SELECT outcome, duration_ms FROM inspections"), [
      { outcome: "nothing", duration_ms: 300 },
    ]);
  });

  it("waits for ffmpeg where it is a clip, as bytes or by its path, and pictures do not", async () => {
    const nowhere = join(running.folder, "bin");
    start(new Ffmpeg({ commands: { ffmpeg: join(nowhere, "ffmpeg"), ffprobe: join(nowhere, "ffprobe") } }));
    const mp4 = Buffer.from("\0\0\0\x18ftypisom\0\0\0\0isomiso2", "latin1");
    const path = join(running.folder, "a.mov");
    writeFileSync(path, mp4);
    for (const payload of [mp4, path]) await detect.put({ topic: "porch", payload });
    await eventually(() => detect.node.load.parked === 2, "clips that wait");
    match(detect.warnings.join(), /ffmpeg is not installed/);
    await ended({ payload: picture });
    equal(detect.node.load.parked, 2);
  });

  it("is refused at once where it is no clip in spite of its name", async () => {
    const path = join(running.folder, "a.mp4");
    writeFileSync(path, "no clip at all");
    await detect.put({ topic: "porch", payload: path });
    const error = await eventually(() => detect.ended.at(-1), "the refusal");
    match(String(error), /MediaError: .*a\.mp4 does not start like an MP4, MOV, AVI or MKV clip/);
  });

  it("belongs to the upload that a user's node has made it of, each part of it", async () => {
    const { handover } = watched();
    const [left, right] = [await scene(null, { seed: 1 }), await scene(null, { seed: 2 })];
    await ended({ _msgid: "m1", handover, payload: left });
    await ended({ _msgid: "m2", handover, payload: right });
    await ended({ _msgid: "m3", handover, payload: left });
    deepEqual(account(), [{ upload_id: "up_1", what: "inspected" }]);
    const inspections = rows(running.folder, "SELECT upload_id, sha256 FROM inspections");
    equal(inspections.length, 2);
    ok(inspections.every(({ upload_id }) => upload_id === "up_1"));
    notEqual(inspections[0]?.sha256, inspections[1]?.sha256);
    deepEqual(violations(join(running.folder, DATABASE_FILE)), []);
  });

  it("may be another camera's than the upload that it came of", async () => {
    const { handover } = watched();
    await ended({ handover, topic: "Back Door", payload: await scene(null, { seed: 1 }) });
    deepEqual(rows(running.folder, "SELECT camera_id FROM work"), [{ camera_id: "back_door" }]);
    deepEqual(account(), [{ upload_id: "up_1", what: "inspected" }]);
  });

  describe("with an upload of another machine", () => {
    const named = (changes: Partial<Upload> = {}): Upload => ({
      ...uploadOf("up_9", { camera_id: "back_yard", sha256: createHash("sha256").update(picture).digest("hex") }),
      ...changes,
    });

    it("is that upload, its file here, and the same each time that it comes", async () => {
      for (const _msgid of ["m1", "m2"]) await ended({ _msgid, topic: "any/topic", payload: picture, upload: named() });
      const [upload, ...others] = rows(running.folder, "SELECT upload_id, camera_id, captured_at, path FROM uploads");
      deepEqual(others, []);
      const { upload_id, camera_id, captured_at } = named();
      const path = running.site.file("inbox", `${named().sha256}.jpg`);
      deepEqual(upload, { upload_id, camera_id, captured_at, path });
      equal(rows(running.folder, "SELECT 1 FROM inspections").length, 1);
      deepEqual(violations(join(running.folder, DATABASE_FILE)), []);
    });

    const wrong = {
      "is of other bytes": [{ sha256: "0".repeat(64) }, "OTHER_BYTES"],
      "is none": [{ camera_id: "../x" }, "BAD_UPLOAD"],
    } as const;
    for (const [what, [changes, code]] of Object.entries(wrong)) {
      it(`is refused where that ${what}`, async () => {
        await detect.put({ payload: picture, upload: named(changes) });
        await eventually(() => detect.ended.length > 0, "the end");
        match(String(Object(detect.ended[0]).code), new RegExp(code));
        deepEqual(rows(running.folder, "SELECT 1 FROM uploads"), []);
      });
    }
  });
});
