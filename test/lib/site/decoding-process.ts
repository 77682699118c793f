/**
 * A process of its own that has `detect` look at the pictures of a folder, all at once. The first one named takes the
 * process down while it is decoded: `deaths` says how many others were decoded beside it. `failures` says what was refused.
 */

import { appendFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Detector } from "../../../lib/detect/detector.ts";
import { MotionDetector } from "../../../lib/detect/motion.ts";
import { onlyHealth } from "../../../lib/domain/server-report.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import { Ffmpeg } from "../../../lib/media/ffmpeg.ts";
import { readUpload } from "../../../lib/media/read-file.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import { VigilError } from "../../../lib/resilience/errors.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { inspectionStage } from "../../../lib/site/inspection.ts";
import { Site } from "../../../lib/site/site.ts";
import { eventually } from "../../support/eventually.ts";
import { noFilters } from "../../support/filters.ts";

const AT = "2026-11-20T12:00:00.000Z";
/** As long as one that may run beside another waits for it. */
const COMPANY_MS = 300;

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
const decoding = new Set<string>();
/** What was decoded at the same time as the poisoned one. */
const beside = new Set<string>();
const detector: Detector = {
  name: "fragile",
  inProcess: true,
  concurrency: 10,
  detectMany: async () => [],
  look: async () => onlyHealth("ready"),
  reset: () => motion.reset(),
  close: () => motion.close(),
  detect: async (picture, signal) => {
    const name = basename(picture.fileName);
    decoding.add(name);
    if (decoding.has(poison)) for (const each of decoding) if (each !== poison) beside.add(each);
    const sighting = await motion.detect(picture, signal);
    const met = () => (name === poison ? beside.size > 0 : decoding.has(poison));
    await eventually(met, "company", COMPANY_MS).catch(() => {});
    if (name === poison) {
      appendFileSync(join(folder, "deaths"), `${beside.size}\n`);
      process.kill(process.pid, "SIGKILL");
    }
    decoding.delete(name);
    return sighting;
  },
};

const stage = inspectionStage({
  site,
  nodeId: "detect",
  detector,
  ffmpeg: new Ffmpeg(),
  framesPerClip: 5,
  filters: noFilters,
  userDir: "/",
  defaultCamera: "",
  publish: false,
  watchViews: false,
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
