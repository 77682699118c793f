/**
 * A process of its own that has `detect` look at the pictures of a folder, all at once. The first one named takes the
 * process down while it is decoded: `deaths` says how many others were being decoded then. `failures` says what was refused.
 */
import { appendFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Detector } from "../../../lib/detect/detector.ts";
import { MotionDetector } from "../../../lib/detect/motion.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import { readUpload } from "../../../lib/media/read-file.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import { VigilError } from "../../../lib/resilience/errors.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { inspectionStage } from "../../../lib/site/inspection.ts";
import { Site } from "../../../lib/site/site.ts";
import { eventually } from "../../support/eventually.ts";

const AT = "2026-11-20T12:00:00.000Z";
/** As long as others that may begin beside it take to do so. */
const COMPANY_MS = 200;

const [folder = "", poison = "", ...others] = process.argv.slice(2);
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const site = new Site({
  config: SiteConfig.parse({}),
  dataDir: folder,
  clock: systemClock,
  logger,
  onMqttState: () => {},
});

const motion = new MotionDetector();
let decoding = 0;
const detector: Detector = {
  name: "fragile",
  inProcess: true,
  concurrency: 10,
  reset: () => motion.reset(),
  close: () => motion.close(),
  detect: async (picture, signal) => {
    decoding += 1;
    const sighting = await motion.detect(picture, signal);
    if (basename(picture.fileName) === poison) {
      await eventually(() => decoding > 1, "company", COMPANY_MS).catch(() => {});
      appendFileSync(join(folder, "deaths"), `${decoding - 1}\n`);
      process.kill(process.pid, "SIGKILL");
    }
    decoding -= 1;
    return sighting;
  },
};

const stage = inspectionStage({
  site,
  nodeId: "detect",
  detector,
  minConfidence: 0.5,
  defaultCamera: "",
  publish: false,
});

async function inspect(name: string): Promise<void> {
  const path = join(folder, name);
  const { sha256 } = await readUpload(path);
  const upload: Upload = {
    upload_id: name,
    camera_id: "porch",
    path,
    media_type: "image",
    size: (await stat(path)).size,
    captured_at: AT,
    received_at: AT,
    sha256,
  };
  try {
    const { commit } = await stage.work(upload, { message: {}, interim: () => {} }, new AbortController().signal);
    site.store.transaction(commit);
  } catch (error) {
    appendFileSync(join(folder, "failures"), `${name} ${error instanceof VigilError ? error.code : error}\n`);
  }
}

await Promise.all([poison, ...others].map(inspect));
await site.close();
