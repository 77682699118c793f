/** `detect`: finds people, vehicles, animals or mere motion in pictures and clips. */
import { z } from "zod";
import { MotionDetector } from "../lib/detect/motion.ts";
import { YoloServer } from "../lib/detect/yolo-server.ts";
import { Ffmpeg } from "../lib/media/ffmpeg.ts";
import { Flag, seconds, share, wholeNumber } from "../lib/site/form-fields.ts";
import { inspectionHazard, inspectionStage } from "../lib/site/inspection.ts";
import { defineNode } from "./define-node.ts";
import { serverGates } from "./server-gates.ts";

export const DetectConfig = z.object({
  url: z.string().trim().default(""),
  timeout: seconds(30, { min: 1, max: 600 }),
  concurrency: wholeNumber(4, { min: 1, max: 32 }),
  confidence: share(0.5),
  frames: wholeNumber(5, { min: 1, max: 30 }),
  camera: z.string().trim().default(""),
  publish: Flag.default(true),
});

export default defineNode({
  type: "detect",
  config: DetectConfig,
  outputs: 3,
  open(config, { nodeId, site }) {
    const { url, timeout, concurrency } = config;
    const detector = url === "" ? new MotionDetector() : new YoloServer({ url, timeoutMs: timeout, concurrency });
    return {
      stage: inspectionStage({
        site,
        nodeId,
        detector,
        gate: url === "" ? undefined : serverGates.of(url),
        ffmpeg: new Ffmpeg(),
        framesPerClip: config.frames,
        minConfidence: config.confidence,
        defaultCamera: config.camera,
        publish: config.publish,
      }),
      onReplay: (uploadId) => site.nativeWork.allowOnce(inspectionHazard(nodeId, uploadId)),
      commands: { reset: () => detector.reset() },
      close: () => detector.close(),
    };
  },
});
