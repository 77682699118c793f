import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { type Detector, detectOneByOne, type Picture, type Sighting } from "../../../lib/detect/detector.ts";
import { MotionDetector } from "../../../lib/detect/motion.ts";
import { Detected } from "../../../lib/domain/detection.ts";
import { onlyHealth } from "../../../lib/domain/server-report.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import { Ffmpeg } from "../../../lib/media/ffmpeg.ts";
import { inspectionStage } from "../../../lib/site/inspection.ts";
import { eventually } from "../../support/eventually.ts";
import { noFilters } from "../../support/filters.ts";
import { pixelsOf } from "../../support/pictures.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { ORIENTATIONS, storedAs } from "../media/support.ts";
import { uploadOf } from "../store/support.ts";
import { RunningSite } from "./running-site.ts";

const FRAME = { width: 640, height: 360 };
/** Where a red thing is in the picture that people see. */
const THING = { x: 480, y: 60, width: 100, height: 80 };

/** Finds what is red. As a server does: in the picture as it is stored, or as its EXIF says that it is to be seen. */
class RedDetector implements Detector {
  readonly name = "red";
  readonly inProcess = false;
  readonly concurrency = 1;
  readonly #turns: boolean;

  constructor(turns: boolean) {
    this.#turns = turns;
  }

  async detect({ bytes }: Picture): Promise<Sighting> {
    const picture = this.#turns ? sharp(bytes).autoOrient() : sharp(bytes);
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
    const places = Array.from({ length: info.width * info.height }, (_, n) => n)
      .filter((n) => (data[n * 3] ?? 0) > 200 && (data[n * 3 + 1] ?? 255) < 60)
      .map((n) => ({ x: n % info.width, y: Math.floor(n / info.width) }));
    const [x, y] = [Math.min(...places.map((at) => at.x)), Math.min(...places.map((at) => at.y))];
    const width = Math.max(...places.map((at) => at.x)) + 1 - x;
    const height = Math.max(...places.map((at) => at.y)) + 1 - y;
    const boxes = [{ label: "car", confidence: 0.9, x, y, width, height }];
    return { frame: { width: info.width, height: info.height }, boxes, inferenceMs: null };
  }

  detectMany(pictures: readonly Picture[], signal: AbortSignal) {
    return detectOneByOne(this, pictures, signal);
  }

  async look() {
    return onlyHealth("ready");
  }

  reset(): void {}

  async close(): Promise<void> {}
}

describe("inspectionStage", () => {
  let running: RunningSite;

  beforeEach(() => {
    running = new RunningSite();
  });
  afterEach(async () => {
    await running.close();
    removeTempFolders();
  });

  function start(detector: Detector) {
    const rig = running.start<Upload>("detect", "detect", ({ nodeId }) => ({
      stage: inspectionStage({
        site: running.site,
        nodeId,
        detector,
        ffmpeg: new Ffmpeg(),
        framesPerClip: 5,
        filters: noFilters,
        userDir: "/",
        defaultCamera: "",
        publish: false,
        watchViews: false,
      }),
    }));
    let looked = 0;
    return async (bytes: Buffer) => {
      looked += 1;
      const path = join(running.folder, `${looked}.jpg`);
      writeFileSync(path, bytes);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const upload = uploadOf(`up_${looked}`, { path, size: bytes.length, sha256 });
      rig.node.input({ payload: upload }, (error) => rig.ended.push(error));
      await eventually(() => rig.ended.length === looked, "the end of the inspection");
      return { error: rig.ended.at(-1), detected: rig.sent.map(({ payload }) => Detected.parse(payload)).at(-1) };
    };
  }

  const scene = (thing: typeof THING | null) =>
    sharp(
      Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="${FRAME.width}" height="${FRAME.height}">
           <rect width="100%" height="100%" fill="#e0e0e0"/>
           ${thing ? `<rect x="${thing.x}" y="${thing.y}" width="${thing.width}" height="${thing.height}" fill="#ff0000"/>` : ""}
         </svg>`,
      ),
    )
      .png()
      .toBuffer();

  /** Asserts that a box is around the thing, as people see the picture, and that the thumbnail shows it there. */
  async function assertFound(detected: Detected | undefined): Promise<void> {
    ok(detected?.thumbnail_path);
    deepEqual(detected.frame, FRAME);
    const [found] = detected.detections;
    ok(found);
    const edges = [found.x, found.y, found.x + found.width, found.y + found.height];
    const expected = [THING.x, THING.y, THING.x + THING.width, THING.y + THING.height];
    for (const [n, edge] of edges.entries()) ok(Math.abs(edge - (expected[n] ?? 0)) <= 12, `${edges} for ${expected}`);
    const { data, info } = await sharp(detected.thumbnail_path).raw().toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
    // In the middle of the thing: half the size, 30 pixels down.
    const [red = 0, green = 255] = at(265, 80);
    ok(red > 180 && green < 90, `the thing is in the thumbnail: ${at(265, 80)}`);
  }

  for (const orientation of ORIENTATIONS) {
    for (const turns of [true, false]) {
      const server = turns ? "turns pictures upright" : "looks at pictures as they are stored";
      it(`finds things where people see them, with EXIF orientation ${orientation} and a server that ${server}`, async () => {
        const look = start(new RedDetector(turns));
        const { error, detected } = await look(await storedAs(orientation, await scene(THING)));
        equal(error, undefined);
        await assertFound(detected);
      });
    }

    it(`finds motion where people see it, with EXIF orientation ${orientation}`, async () => {
      const look = start(new MotionDetector());
      equal((await look(await storedAs(orientation, await scene(null)))).detected?.detections.length ?? 0, 0);
      await assertFound((await look(await storedAs(orientation, await scene(THING)))).detected);
    });
  }

  it("draws the thumbnail in what the detector has decoded", async () => {
    const blue = Buffer.alloc(320 * 180 * 3, Buffer.from([0, 0, 255]));
    class DecodingDetector extends RedDetector {
      override async detect(picture: Picture): Promise<Sighting> {
        return { ...(await super.detect(picture)), preview: { width: 320, height: 180, rgb: blue } };
      }
    }
    const { detected } = await start(new DecodingDetector(false))(await scene(THING));
    ok(detected?.thumbnail_path);
    ok((await pixelsOf(detected.thumbnail_path, [0, 0, 255])) > (320 * 180) / 2);
  });

  it("shows no detector what is neither JPEG nor PNG", async () => {
    const look = start(new RedDetector(false));
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    const { error } = await look(svg);
    ok(error && "code" in error);
    equal(error.code, "NOT_AN_IMAGE");
  });
});
