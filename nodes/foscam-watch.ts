/** `foscam-watch`: what cameras upload to a folder, as messages. */
import { resolve } from "node:path";
import { z } from "zod";
import { Flag, seconds } from "../lib/site/form-fields.ts";
import { UploadIntake } from "../lib/site/upload-intake.ts";
import { defineNode } from "./define-node.ts";

export const FoscamWatchConfig = z.object({
  folder: z.string().trim().min(1, "name the folder that the cameras upload to"),
  camera: z.string().trim().default(""),
  existing: Flag.default(false),
  mode: z.enum(["native", "polling"]).default("native"),
  stable: seconds(5, { min: 0.1, max: 3600 }),
});

export default defineNode({
  type: "foscam-watch",
  config: FoscamWatchConfig,
  outputs: 3,
  open(config, { nodeId, site, madeMs, userDir, act, report, refreshStatus }) {
    const intake = new UploadIntake({
      site,
      nodeId,
      madeMs,
      root: resolve(userDir, config.folder),
      camera: config.camera || null,
      takeExisting: config.existing,
      polling: config.mode === "polling",
      stableMs: config.stable,
      act,
      onError: report,
      onChange: refreshStatus,
    });
    return {
      commands: {
        scan: async () => {
          await intake.scan();
          return intake.counts;
        },
        accept: async () => {
          await intake.accept();
          return intake.counts;
        },
      },
      idle: () => {
        if (intake.outage) return { fill: "red", shape: "ring", key: "outage" };
        if (intake.backlog > 0) return { fill: "blue", shape: "dot", key: "catchingUp", count: intake.backlog };
        return { fill: "green", shape: "dot", key: "watching", count: intake.counts.taken };
      },
      start: () => intake.start(),
      close: () => intake.close(),
    };
  },
});
