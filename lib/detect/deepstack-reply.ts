/** What servers with DeepStack's interface answer: DeepStack itself, CodeProject.AI, Blue Onyx. */
import { z } from "zod";
import { DeepstackFailure } from "../resilience/deepstack-failure.ts";

/** Fields they have beyond these are ignored. */
const Success = z.object({
  success: z.literal(true),
  predictions: z.array(
    z
      .object({
        label: z.string(),
        confidence: z.number(),
        x_min: z.number(),
        y_min: z.number(),
        x_max: z.number(),
        y_max: z.number(),
      })
      .transform(({ label, confidence, x_min: x, y_min: y, x_max, y_max }) => ({
        label,
        confidence,
        x,
        y,
        width: x_max - x,
        height: y_max - y,
      })),
  ),
  /** Milliseconds; DeepStack does not measure. */
  inferenceMs: z.number().nonnegative().nullable().catch(null),
});

/** `POST /v1/vision/detection`. */
export const DeepstackReply = z.discriminatedUnion("success", [Success, DeepstackFailure]);

/** `GET /v1/status/ping` of CodeProject.AI. */
export const Ping = z.object({ success: z.boolean() });
