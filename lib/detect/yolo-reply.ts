/** What YOLO26 and RT-DETRv2 servers answer: alone, and behind the gateway. */
import { z } from "zod";
import type { ServerGpu } from "../domain/server-report.ts";

/** `{x, y, width, height}`, or the list `[x, y, width, height]` of the older servers. */
const WireBox = z.union([
  z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
  z
    .tuple([z.number(), z.number(), z.number(), z.number()])
    .transform(([x, y, width, height]) => ({ x, y, width, height })),
]);

/** A size that is none counts as not stated: the picture's own header knows it. */
const Side = z.int().positive().optional().catch(undefined);

const Milliseconds = z.number().nonnegative().nullable().catch(null);

/** What was seen in one picture; fields it has beyond these are ignored, here and below. */
const Seen = z.object({
  detections: z.array(
    z
      .object({ class: z.string(), confidence: z.number(), bbox: WireBox })
      .transform(({ class: label, confidence, bbox }) => ({ label, confidence, ...bbox })),
  ),
  image_width: Side,
  image_height: Side,
});
export type Seen = z.infer<typeof Seen>;

/** `POST /detect`. */
export const YoloReply = Seen.extend({ inference_time_ms: Milliseconds });

/**
 * `POST /detect/batch`, in the order of the pictures. The gateway has an `error` in the place of a picture that it could
 * not do, whether that was the picture's fault or its own; the other server then refuses all of them.
 */
export const YoloBatchReply = z.object({
  results: z.array(Seen.extend({ index: z.int().optional(), error: z.string().nullish() })),
  total_inference_time_ms: Milliseconds,
});

const Percent = z.number().min(0).max(100).nullable().catch(null);
const Amount = z.number().nonnegative().nullable().catch(null);
const GIB_IN_MIB = 1024;

/** `GET /health`. Behind the gateway, and where there is no card, it tells nothing of one. */
export const YoloHealth = z
  .object({
    model_loaded: z.boolean(),
    vram_used_gb: Amount,
    gpu_utilization: Percent,
    temperature: z.number().min(-100).max(200).nullable().catch(null),
    power_watts: Amount,
  })
  .transform(({ model_loaded, vram_used_gb, gpu_utilization: utilization, temperature, power_watts: power_draw }) => {
    const memory_used = vram_used_gb === null ? null : Math.round(vram_used_gb * GIB_IN_MIB);
    const gpu: ServerGpu = { temperature, utilization, memory_used, power_draw };
    return { model_loaded, gpu: Object.values(gpu).some((value) => value !== null) ? gpu : null };
  });
