/** `retention`: deletes what is past the limits that the user sets, and gives the room back. */
import { z } from "zod";
import { RiskLevel } from "../lib/domain/risk.ts";
import { CameraLimits, days, Flag, gigabytes, TimeOfDay } from "../lib/site/form-fields.ts";
import { Retention } from "../lib/site/retention/retention.ts";
import { defineNode } from "./define-node.ts";

export const RetentionConfig = z.object({
  /** Empty: it runs only when it is told to. */
  time: TimeOfDay.default("03:30"),
  events: days(30),
  detections: days(30),
  pictures: days(30),
  /** Null: the cameras' files are never deleted. */
  originals: days(null),
  gpu: days(30),
  cameras: CameraLimits.default(new Map()),
  reviewed: Flag.default(false),
  starred: Flag.default(true),
  level: z.union([RiskLevel, z.literal("").transform(() => null)]).default(null),
  maxSize: gigabytes({ min: 0.1, max: 100_000 }),
  minFree: gigabytes({ min: 0.1, max: 100_000 }),
  dryRun: Flag.default(false),
});

export default defineNode({
  type: "retention",
  config: RetentionConfig,
  outputs: 2,
  open(config, workspace) {
    const { events, detections, pictures, originals, gpu, cameras, reviewed, starred, level } = config;
    const retention = new Retention({
      workspace,
      time: config.time || null,
      dryRun: config.dryRun,
      rules: {
        limits: { events, detections, pictures, originals, gpu },
        cameras,
        keepIf: { reviewed, starred, level },
        cap: null,
      },
      space: { most: config.maxSize, leastFree: config.minFree },
      onChange: () => workspace.refreshStatus(),
    });
    return {
      commands: retention.commands,
      trigger: () => retention.trigger(),
      idle: () => {
        const { removed, dueAt: time } = retention;
        if (removed !== null) return { fill: "blue", shape: "dot", key: "cleaning", count: removed };
        if (time === null) return { fill: "green", shape: "dot", key: "ready" };
        return { fill: "green", shape: "dot", key: "nextRun", time };
      },
      start: () => retention.start(),
      close: () => retention.close(),
    };
  },
});
