/** `batch-window`: gathers what one camera sees in one stretch of time. */
import { z } from "zod";
import { BatchWindow } from "../lib/site/batch-window.ts";
import { LabelList, seconds, share, wholeNumber } from "../lib/site/form-fields.ts";
import { defineNode } from "./define-node.ts";

export const BatchWindowConfig = z.object({
  window: seconds(90, { min: 0, max: 3600 }),
  idle: seconds(30, { min: 0, max: 3600 }),
  maxDetections: wholeNumber(50, { min: 1, max: 10_000 }),
  fastLabels: LabelList.default(["person"]),
  fastConfidence: share(0.9),
});

export default defineNode({
  type: "batch-window",
  config: BatchWindowConfig,
  outputs: 2,
  open(config, { nodeId, site, act, journal, report, refreshStatus }) {
    const batches = new BatchWindow({
      site,
      nodeId,
      limits: {
        windowMs: config.window,
        idleMs: config.idle,
        maxDetections: config.maxDetections,
        fastLabels: config.fastLabels,
        fastConfidence: config.fastConfidence,
      },
      act: (base, commit) => {
        act(base, commit);
        refreshStatus();
      },
      journal,
      report,
    });
    return {
      stage: batches.stage,
      commands: { flush: () => ({ closed: batches.flush() }) },
      idle: () => {
        const open = batches.openCount;
        return open === 0
          ? { fill: "green", shape: "dot", key: "ready" }
          : { fill: "blue", shape: "ring", key: "batching", count: open };
      },
      onAdopt: () => batches.start(),
      start: () => batches.start(),
      close: () => batches.close(),
    };
  },
});
