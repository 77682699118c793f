/** Clips in a real Node-RED, with ffmpeg and without. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Detected } from "../../lib/domain/detection.ts";
import { hasFfmpeg, makeClip } from "../support/clips.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { scene } from "../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PERSON = { class: "person", confidence: 0.87, bbox: { x: 100, y: 40, width: 60, height: 120 } };

describe("clips", function () {
  this.timeout(120_000);
  let folder: string;
  let detector: DetectorServer;
  let flow: Flow;
  const { PATH } = process.env;

  before(function () {
    if (!hasFfmpeg) this.skip();
  });

  beforeEach(async () => {
    folder = tempFolder();
    mkdirSync(join(folder, "cameras", "yard"), { recursive: true });
    detector = await startDetectorServer();
    detector.answer([PERSON]);
  });

  afterEach(async () => {
    process.env.PATH = PATH;
    await flow.stop();
    await detector.close();
  });

  after(removeTempFolders);

  const start = async () => {
    flow = await startFlow([
      { id: "site", type: "vigil-site", site: "home", dataDir: join(folder, "data") },
      { id: "watch", type: "foscam-watch", site: "site", folder: join(folder, "cameras"), wires: [["detect"], [], []] },
      {
        id: "detect",
        type: "detect",
        site: "site",
        url: detector.url,
        frames: "3",
        wires: [["seen"], ["nothing"], []],
      },
      { id: "seen", type: "helper" },
      { id: "nothing", type: "helper" },
      { id: "caught", type: "helper" },
      { id: "catch", type: "catch", scope: null, wires: [["caught"]] },
    ]);
  };
  const drop = (name: string, bytes: Buffer) => writeFileSync(join(folder, "cameras", "yard", name), bytes);
  const clip = (frames: number) => {
    makeClip(join(folder, "clip.mp4"), { frames });
    return readFileSync(join(folder, "clip.mp4"));
  };
  const seen = () => flow.inbox("seen").messages.map(({ payload }) => Detected.parse(payload));
  /** By its key in the catalogue, which this Node-RED does not load. */
  const shows = (status: string) =>
    eventually(() => flow.statuses("detect").at(-1)?.endsWith(`:status.${status}`), `"${status}"`, 30_000);

  it("go through the detector frame by frame, and leave as one message", async () => {
    await start();
    drop("MDalarm_20260911_123100.mp4", clip(30));
    await eventually(() => seen().length > 0, "the clip", 60_000);
    const [detected] = seen();
    assert.deepEqual(detected?.clip, { duration_ms: 3_000, codec: "mpeg4", mime_type: "video/mp4" });
    assert.equal(new Set(detected?.detections.map(({ offset_ms }) => offset_ms)).size, 3);
    assert.equal(seen().length, 1);
  });

  it("wait for ffmpeg while stills go on, and are taken when it is there", async () => {
    const bytes = [clip(5), clip(6)];
    const bin = join(folder, "bin");
    mkdirSync(bin);
    process.env.PATH = bin;
    await start();
    drop("a.mp4", bytes[0] ?? Buffer.alloc(0));
    await shows("noFfmpeg");
    drop("b.mp4", bytes[1] ?? Buffer.alloc(0));
    for (const seed of [1, 2, 3]) drop(`${seed}.jpg`, await scene(null, { seed }));
    await eventually(() => seen().length === 3, "the stills");
    await shows("noFfmpeg");
    assert.equal(flow.log.filter((line) => line.startsWith("detect")).length, 1, flow.log.join("\n"));
    assert.match(flow.log.join("\n"), /detect warn: ffmpeg is not installed/);

    for (const program of ["ffmpeg", "ffprobe"]) {
      const found = execFileSync("/bin/sh", ["-c", `command -v ${program}`], { env: { PATH } })
        .toString()
        .trim();
      symlinkSync(found, join(bin, program));
    }
    await eventually(() => seen().filter((detected) => detected.clip).length === 2, "the clips", 60_000);
    await shows("ready");
    assert.equal(flow.inbox("caught").messages.length, 0);
  });
});
