import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Box, Detector, Picture, PictureFault, Sighting } from "../../../lib/detect/detector.ts";
import { MotionDetector } from "../../../lib/detect/motion.ts";
import { Detected } from "../../../lib/domain/detection.ts";
import { onlyHealth } from "../../../lib/domain/server-report.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import { Ffmpeg } from "../../../lib/media/ffmpeg.ts";
import { ReplyError, ServerError } from "../../../lib/resilience/errors.ts";
import { inspectionStage } from "../../../lib/site/inspection.ts";
import { ffmpeg, hasFfmpeg, makeClip } from "../../support/clips.ts";
import { eventually } from "../../support/eventually.ts";
import { noFilters } from "../../support/filters.ts";
import { pixelsOf, scene } from "../../support/pictures.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { rows, uploadOf } from "../store/support.ts";
import { type Rig, RunningSite } from "./running-site.ts";

const FOOTAGE = join(import.meta.dirname, "../../../../shared/media/car-detection.mp4");
const FRAME = { width: 320, height: 240 };
const PERSON: Box = { label: "person", confidence: 0.9, x: 40, y: 40, width: 60, height: 120 };
const CAR: Box = { label: "car", confidence: 0.6, x: 5, y: 200, width: 20, height: 20 };
const RED = [0xe7, 0x48, 0x56];

type Answer = Sighting | PictureFault;

const sight = (...boxes: Box[]): Sighting => ({ frame: FRAME, boxes, inferenceMs: 10 });

const SLOW_MS = 60_000;

describe("a clip that is looked at", function () {
  this.timeout(2 * SLOW_MS);
  let running: RunningSite;
  let detect: Rig<unknown>;
  /** What reached the detector, and what it answers to the frames of a clip. */
  let pictures: (readonly Picture[])[];
  let answers: Answer[];

  const scripted: Detector = {
    name: "scripted",
    concurrency: 1,
    inProcess: false,
    detect: async () => sight(PERSON),
    detectMany: async (asked) => {
      pictures.push(asked);
      return asked.map((_, n) => answers[n] ?? sight());
    },
    look: async () => onlyHealth("ready"),
    reset: () => {},
    close: async () => {},
  };

  before(function () {
    if (!hasFfmpeg) this.skip();
  });

  beforeEach(() => {
    running = new RunningSite();
    pictures = [];
    answers = [];
    start();
  });

  afterEach(async () => {
    await running.close();
    removeTempFolders();
  });

  function start(options: { detector?: Detector; tools?: Ffmpeg } = {}): void {
    const { site } = running;
    const { detector = scripted, tools = new Ffmpeg() } = options;
    detect = running.start(`detect ${detector.name} ${running.flows.size}`, "detect", ({ nodeId }) => ({
      stage: inspectionStage({
        site,
        nodeId,
        detector,
        ffmpeg: tools,
        framesPerClip: 5,
        filters: noFilters,
        userDir: "/",
        defaultCamera: "",
        publish: false,
        watchViews: false,
      }),
    }));
  }

  /** An upload as a watch makes it of a file. */
  function uploadAt(path: string, overrides: Partial<Upload> = {}): Upload {
    const bytes = readFileSync(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return uploadOf(`up_${sha256.slice(0, 8)}`, {
      path,
      media_type: "video",
      size: bytes.length,
      sha256,
      ...overrides,
    });
  }

  function clip(name = "a.mp4", shape: Parameters<typeof makeClip>[1] = {}): Upload {
    const path = join(running.folder, name);
    makeClip(path, shape);
    return uploadAt(path);
  }

  const end = async (upload: Upload): Promise<Error | undefined> => {
    const before = detect.ended.length;
    await detect.put({ payload: upload });
    await eventually(() => detect.ended.length > before, "the end of the work", SLOW_MS);
    return detect.ended.at(-1);
  };
  const see = async (upload: Upload): Promise<Detected> => {
    equal(await end(upload), undefined);
    return Detected.parse(detect.sent.at(-1)?.payload);
  };
  const inspections = () =>
    rows(
      running.folder,
      "SELECT outcome, still_path, duration_ms, video_codec, mime_type, inference_ms FROM inspections",
    );

  it("is one inspection with the boxes of all its frames, each with its time", async () => {
    answers = [sight(), sight(CAR), sight(CAR, PERSON), sight(PERSON), sight({ ...CAR, confidence: 0.4 })];
    const upload = clip();
    const detected = await see(upload);
    deepEqual(detected.clip, { duration_ms: 5_000, codec: "mpeg4", mime_type: "video/mp4" });
    deepEqual(detected.frame, FRAME);
    equal(detected.inference_ms, 50);
    const [asked = []] = pictures;
    const times = asked.map(({ fileName }) => Number(/-(\d+)\.jpg$/.exec(fileName)?.[1]));
    deepEqual(
      times.toSorted((a, b) => a - b),
      times,
    );
    deepEqual(
      detected.detections.map(({ label, offset_ms }) => [label, offset_ms]),
      [
        ["car", times[1]],
        ["person", times[2]],
        ["car", times[2]],
        ["person", times[3]],
      ],
    );
    equal(new Set(detected.detections.map(({ detection_id }) => detection_id)).size, 4);
    ok(detected.detections.every(({ captured_at }) => captured_at === upload.captured_at));
    deepEqual(inspections(), [
      {
        outcome: "seen",
        still_path: detected.still_path,
        duration_ms: 5_000,
        video_codec: "mpeg4",
        mime_type: "video/mp4",
        inference_ms: 50,
      },
    ]);
    equal(rows(running.folder, "SELECT * FROM detections").length, 4);
  });

  it("has its best frame as the picture, with boxes in the thumbnail only", async () => {
    answers = [sight(CAR), sight(CAR), sight(CAR), sight(PERSON)];
    const detected = await see(clip());
    const { still_path, thumbnail_path } = detected;
    ok(still_path && thumbnail_path);
    equal(
      still_path,
      join(
        running.folder,
        "stills",
        "front_door",
        detected.upload.captured_at.slice(0, 10),
        `${detected.inspection_id}.jpg`,
      ),
    );
    deepEqual(readFileSync(still_path), pictures[0]?.[3]?.bytes);
    equal(await pixelsOf(still_path, RED), 0);
    ok((await pixelsOf(thumbnail_path, RED)) > 50);
  });

  it("leaves no picture where nothing was seen", async () => {
    equal(await end(clip()), undefined);
    deepEqual(
      inspections().map(({ outcome, still_path }) => [outcome, still_path]),
      [["nothing", null]],
    );
    equal(existsSync(join(running.folder, "stills")), false);
  });

  it("knows no inference time where one frame has none", async () => {
    answers = [sight(PERSON), { ...sight(), inferenceMs: null }];
    equal((await see(clip())).inference_ms, null);
  });

  it("keeps a thousand boxes of all frames", async () => {
    answers = Array.from({ length: 5 }, () => sight(...Array<Box>(300).fill(PERSON)));
    const { detections } = await see(clip());
    equal(new Set(detections.map(({ detection_id }) => detection_id)).size, 1_000);
  });

  it("goes on without a frame that is refused, with one warning", async () => {
    const refusal = new ReplyError("REFUSED", "400: not a picture");
    answers = [refusal, sight(PERSON), refusal];
    equal((await see(clip())).detections.length, 1);
    deepEqual(running.warnings.length, 1);
    match(running.warnings[0] ?? "", /2 of 5 frames of .*a\.mp4 were refused: 400: not a picture/);
  });

  it("is at fault where all of its frames are refused", async () => {
    const refusal = new ReplyError("REFUSED", "400: not a picture");
    answers = Array(5).fill(refusal);
    equal(await end(clip()), refusal);
    equal(rows(running.folder, "SELECT * FROM work WHERE state = 'dead'").length, 1);
  });

  it("waits for a server that is away", async () => {
    let isAway = true;
    start({
      detector: {
        ...scripted,
        name: "away",
        detectMany: async (asked) => {
          if (isAway) throw new ServerError("AWAY", "away", { unreachable: true });
          return asked.map(() => sight(PERSON));
        },
      },
    });
    await detect.put({ payload: clip() });
    await eventually(() => detect.node.load.waitingFor !== null, "the outage");
    isAway = false;
    await eventually(
      async () => {
        await running.pass(1);
        return detect.sent.length > 0;
      },
      "the clip",
      SLOW_MS,
    );
  });

  it("is used as far as it goes where it breaks off, with a warning", async () => {
    const path = join(running.folder, "a.mkv");
    makeClip(path);
    writeFileSync(path, readFileSync(path).subarray(0, 30_000));
    answers = [sight(PERSON)];
    const { clip: half } = await see(uploadAt(path));
    ok(half && half.duration_ms < 4_000, `${half?.duration_ms} ms`);
    match(running.warnings.join(), /a\.mkv is damaged .*frames of it are looked at/);
  });

  it("is a dead letter with the reason where nothing of it can be read", async () => {
    const path = join(running.folder, "a.mp4");
    makeClip(path);
    writeFileSync(path, readFileSync(path).subarray(0, 5_000));
    match(String(await end(uploadAt(path))), /MediaError: the clip has no index/);
    deepEqual(rows(running.folder, "SELECT state, code FROM work"), [{ state: "dead", code: "TRUNCATED_VIDEO" }]);
  });

  it("is superseded where its file has another content, whatever its size and time say", async () => {
    const upload = clip();
    makeClip(upload.path, { black: 10 });
    equal(await end(upload), undefined);
    deepEqual(rows(running.folder, "SELECT state FROM uploads"), [{ state: "superseded" }]);
    equal(pictures.length, 0);
  });

  it("is gone where its file is", async () => {
    const upload = clip();
    rmSync(upload.path);
    match(String(await end(upload)), /does not exist any more/);
    deepEqual(rows(running.folder, "SELECT state FROM uploads"), [{ state: "gone" }]);
  });

  it("is not read through a link", async () => {
    const upload = clip();
    const link = join(running.folder, "link.mp4");
    symlinkSync(upload.path, link);
    match(String(await end({ ...upload, path: link })), /is not a regular file/);
  });

  it("is tried again where it changes while it is looked at", async () => {
    const upload = clip();
    const other = join(running.folder, "other.mp4");
    makeClip(other, { black: 10 });
    // It is replaced once ffmpeg has begun.
    const replacing = join(running.folder, "ffprobe");
    writeFileSync(
      replacing,
      `#!/bin/sh\n[ "$1" = -version ] || mv -f "${other}" "${upload.path}"\nexec ffprobe "$@"\n`,
    );
    chmodSync(replacing, 0o755);
    start({ tools: new Ffmpeg({ commands: { ffprobe: replacing } }) });
    answers = [sight(PERSON)];
    await detect.put({ payload: upload });
    await eventually(() => detect.node.load.waitingFor !== null, "the failure", SLOW_MS);
    match(String(detect.node.load.waitingFor), /a\.mp4 changed while it was looked at/);
    await eventually(
      async () => {
        await running.pass(1);
        return detect.ended.length > 0;
      },
      "the end",
      SLOW_MS,
    );
    deepEqual(rows(running.folder, "SELECT state FROM uploads"), [{ state: "superseded" }]);
  });

  it("waits for ffmpeg, and stills do not", async () => {
    const bin = join(running.folder, "bin");
    const commands = { ffmpeg: join(bin, "ffmpeg"), ffprobe: join(bin, "ffprobe") };
    start({ tools: new Ffmpeg({ commands }) });
    answers = [sight(PERSON)];
    const gone = { ...clip("gone.mp4", { frames: 1 }), upload_id: "up_gone" };
    rmSync(gone.path);
    for (const upload of [gone, clip()]) await detect.put({ payload: upload });
    await eventually(() => detect.node.load.parked === 2, "clips that wait");
    equal(detect.warnings.length, 1);
    match(detect.warnings[0] ?? "", /ffmpeg is not installed/);
    const still = join(running.folder, "a.jpg");
    writeFileSync(still, await scene());
    await detect.put({ payload: still, topic: "yard" });
    await eventually(() => detect.sent.length === 1, "the still");
    await running.pass(60);
    deepEqual([detect.node.load.parked, detect.ended.length], [2, 1]);
    mkdirSync(bin);
    for (const [name, path] of Object.entries(commands)) {
      writeFileSync(path, `#!/bin/sh\nexec ${name} "$@"\n`);
      chmodSync(path, 0o755);
    }
    await eventually(
      async () => {
        await running.pass(1);
        return detect.ended.length === 3;
      },
      "both clips",
      SLOW_MS,
    );
    equal(detect.node.load.parked, 0);
    deepEqual(rows(running.folder, "SELECT state, attempts FROM work WHERE state <> 'done'"), [
      { state: "dead", attempts: 1 },
    ]);
  });

  it("shows motion within itself, and against the camera's clips before it", async function () {
    if (!existsSync(FOOTAGE)) return this.skip();
    start({ detector: new MotionDetector() });
    const part = (from: number, seconds: number) => {
      const path = join(running.folder, `${from}.mp4`);
      ffmpeg("-ss", String(from), "-i", FOOTAGE, "-t", String(seconds), "-c:v", "mpeg4", "-q:v", "3", path);
      return uploadAt(path);
    };
    // A car crosses from the 4th second to the 9th; the car park is empty from the 9th to the 13th.
    const car = await see(part(2, 8));
    notEqual(car.detections.length, 0);
    ok(
      car.detections.every(({ offset_ms }) => offset_ms > 0),
      "the first frame is what the others are compared with",
    );
    equal(await end(part(10, 3)), undefined);
    equal(detect.sent.length, 1, "nothing is seen in the empty car park");
    const next = await see(part(14, 3));
    ok(
      next.detections.some(({ offset_ms }) => offset_ms < 1_000),
      "the first frame shows the next car",
    );
  });
});
