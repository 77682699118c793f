/** `detect`: finds people, vehicles, animals or mere motion in pictures and clips. */
import { z } from "zod";
import { DeepstackServer } from "../lib/detect/deepstack-server.ts";
import type { Detector } from "../lib/detect/detector.ts";
import { type Filters, lowestThreshold } from "../lib/detect/filters.ts";
import { HealthPoller } from "../lib/detect/health.ts";
import { Mask } from "../lib/detect/mask.ts";
import { MotionDetector } from "../lib/detect/motion.ts";
import { YoloServer } from "../lib/detect/yolo-server.ts";
import type { ServerHealth } from "../lib/domain/server-report.ts";
import { Ffmpeg } from "../lib/media/ffmpeg.ts";
import { acceptView } from "../lib/site/accept-view.ts";
import { Flag, JsonText, LabelList, number, seconds, share, Thresholds, wholeNumber } from "../lib/site/form-fields.ts";
import { inspectionHazard, inspectionStage } from "../lib/site/inspection.ts";
import { detectorTrial } from "../lib/site/trials.ts";
import { defineNode } from "./define-node.ts";
import type { StatusView } from "./node-status.ts";
import { serverGates } from "./server-gates.ts";

export const DetectConfig = z.object({
  url: z.string().trim().default(""),
  api: z.enum(["yolo", "deepstack"]).default("yolo"),
  timeout: seconds(30, { min: 1, max: 600 }),
  concurrency: wholeNumber(4, { min: 1, max: 32 }),
  confidence: share(0.5),
  thresholds: Thresholds.default(new Map()),
  labels: LabelList.default([]),
  minSize: number(0, { min: 0, max: 100 }),
  frames: wholeNumber(5, { min: 1, max: 30 }),
  mask: JsonText.pipe(z.array(Mask).max(100).default([])).default([]),
  camera: z.string().trim().default(""),
  publish: Flag.default(true),
  views: Flag.default(true),
});
type DetectConfig = z.infer<typeof DetectConfig>;

/** A detector that cannot say how it is counts as ready: the first picture will tell. */
const READY: StatusView = { fill: "green", shape: "dot", key: "ready" };
const IDLE: Readonly<Record<ServerHealth, StatusView>> = {
  ready: READY,
  unknown: READY,
  warming: { fill: "yellow", shape: "ring", key: "warmingUp" },
  failing: { fill: "red", shape: "ring", key: "detectorAway" },
};

export default defineNode({
  type: "detect",
  config: DetectConfig,
  outputs: 3,
  trial: (config) => detectorTrial(detectorOf(config)),
  open(config, { nodeId, site, userDir, refreshStatus }) {
    const { url } = config;
    const detector = detectorOf(config);
    let stopWatching = () => {};
    const poller = new HealthPoller({ detector, clock: site.clock, onChange: refreshStatus });
    return {
      stage: inspectionStage({
        site,
        nodeId,
        detector,
        gate: url === "" ? undefined : serverGates.of(url),
        ffmpeg: new Ffmpeg(),
        framesPerClip: config.frames,
        filters: filtersOf(config),
        userDir,
        defaultCamera: config.camera,
        publish: config.publish,
        watchViews: config.views,
      }),
      onReplay: (uploadId) => site.nativeWork.allowOnce(inspectionHazard(nodeId, uploadId)),
      commands: { reset: () => detector.reset(), "accept-view": acceptView(site) },
      idle: () => IDLE[poller.health],
      start: () => {
        if (config.views) stopWatching = site.views.start();
        poller.start();
      },
      close: () => {
        stopWatching();
        poller.close();
        return detector.close();
      },
    };
  },
});

function filtersOf({ confidence, thresholds, labels, minSize, mask }: DetectConfig): Filters {
  return { minConfidence: confidence, thresholds, labels, minArea: minSize / 100, masks: mask };
}

function detectorOf(config: DetectConfig): Detector {
  const { url, api, timeout, concurrency } = config;
  if (url === "") return new MotionDetector();
  const server = { url, timeoutMs: timeout, concurrency };
  if (api === "deepstack") return new DeepstackServer({ ...server, minConfidence: lowestThreshold(filtersOf(config)) });
  return new YoloServer(server);
}
