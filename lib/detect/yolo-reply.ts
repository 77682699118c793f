/** What `POST /detect` of a YOLO26 or RT-DETRv2 server answers. */
import { z } from "zod";

/** `{x, y, width, height}`, or the list `[x, y, width, height]` of the older servers. */
const WireBox = z.union([
  z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
  z
    .tuple([z.number(), z.number(), z.number(), z.number()])
    .transform(([x, y, width, height]) => ({ x, y, width, height })),
]);

/** A size that is none counts as not stated: the picture's own header knows it. */
const Side = z.int().positive().optional().catch(undefined);

/** A detector's reply; fields it has beyond these are ignored. */
export const YoloReply = z.object({
  detections: z.array(
    z
      .object({ class: z.string(), confidence: z.number(), bbox: WireBox })
      .transform(({ class: label, confidence, bbox }) => ({ label, confidence, ...bbox })),
  ),
  image_width: Side,
  image_height: Side,
  inference_time_ms: z.number().nonnegative().nullable().catch(null),
});
export type YoloReply = z.infer<typeof YoloReply>;

/** FastAPI's error body: a text, or a list of what is wrong with which field. */
export const ErrorReply = z.object({ detail: z.union([z.string(), z.array(z.unknown())]) });
