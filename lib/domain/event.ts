/** A batch, judged. */
import { z } from "zod";
import { CameraId } from "./camera.ts";
import { Detection } from "./detection.ts";
import { RecordId } from "./ids.ts";
import { RiskLevel, RiskScore } from "./risk.ts";
import { IsoTime } from "./time.ts";

/** Who judged: a language model, our rules, or nobody (then there is no score). */
export const Analysis = z.enum(["model", "rules", "none"]);
export type Analysis = z.infer<typeof Analysis>;

/** Somebody or something that took part. */
export const EventEntity = z.object({
  /** In the model's words: `delivery driver`. */
  type: z.string(),
  description: z.string(),
  threat_level: z.enum(["low", "medium", "high"]),
});
export type EventEntity = z.infer<typeof EventEntity>;

/** Something that deserves to be pointed out. */
export const EventFlag = z.object({
  /** In the model's words: `loitering`. */
  type: z.string(),
  description: z.string(),
  severity: z.enum(["warning", "alert", "critical"]),
});
export type EventFlag = z.infer<typeof EventFlag>;

/** An event has no more entities than this, and no more flags. */
export const MOST_NAMED = 10;
export const EventEntities = z.array(EventEntity).max(MOST_NAMED);
export const EventFlags = z.array(EventFlag).max(MOST_NAMED);

/** 0 to 1. */
export const Confidence = z.number().min(0).max(1);

/** Null where nobody measured it. */
const Measured = z.int().nonnegative().nullable().default(null);

/** An event as it is stored, published over MQTT and shown by Home Assistant. */
export const EventRecord = z.object({
  event_id: RecordId,
  batch_id: RecordId,
  camera_id: CameraId,
  camera_name: z.string(),
  started_at: IsoTime,
  ended_at: IsoTime,
  /** 1 for the first verdict on this batch; each later one adds 1. */
  revision: z.int().positive(),
  /** False for an estimate that the model's verdict will replace. */
  final: z.boolean(),
  risk_score: RiskScore.nullable(),
  risk_level: RiskLevel.nullable(),
  analysis: Analysis,
  summary: z.string(),
  reasoning: z.string(),
  recommended_action: z.string().nullable(),
  /** What the model named; empty where no model judged, as are the flags. */
  entities: EventEntities.default([]),
  flags: EventFlags.default([]),
  /** How sure the model says it is; null where it does not say. */
  confidence: Confidence.nullable().default(null),
  /** Distinct labels, the most confident first. */
  labels: z.array(z.string()),
  detection_count: z.int().nonnegative(),
  fast_path: z.boolean(),
  /** The best picture with boxes, small; null where there is none. */
  thumbnail_path: z.string().nullable(),
  /** The same, large: for alerts. */
  picture_path: z.string().nullable().default(null),
  model: z.string().nullable(),
  prompt_version: z.string().nullable(),
  /** Tokens as the server counts them, of all the requests that this judgement took. */
  prompt_tokens: Measured,
  completion_tokens: Measured,
  /** Those of `prompt_tokens` that the server had in its cache. */
  cached_tokens: Measured,
  /** Milliseconds that the model took to answer them. */
  latency_ms: Measured,
  reviewed: z.boolean(),
  created_at: IsoTime,
});
export type EventRecord = z.infer<typeof EventRecord>;

/** An event as it flows between nodes: with what it was judged on. */
export const SecurityEvent = EventRecord.extend({
  detections: z.array(Detection),
  context: z.record(z.string(), z.unknown()).optional(),
  /** Only where a model lagged behind: ids of the batches that were judged together with `batch_id`. */
  merged: z.array(RecordId).optional(),
}).refine(
  ({ risk_score, risk_level, analysis }) =>
    (risk_score === null) === (analysis === "none") && (risk_score === null) === (risk_level === null),
  "an event has a risk_score and a risk_level, or neither and the analysis none",
);
export type SecurityEvent = z.infer<typeof SecurityEvent>;
