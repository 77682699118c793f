/** One judgement of an event: each is kept, whatever the event says later. */
import type { z } from "zod";
import { EventRecord } from "./event.ts";
import { RecordId } from "./ids.ts";
import type { RiskLevel } from "./risk.ts";

const { revision } = EventRecord.shape;

/** `created_at` is the time of this judgement. */
export const VerdictRecord = EventRecord.pick({
  event_id: true,
  batch_id: true,
  camera_id: true,
  analysis: true,
  final: true,
  risk_score: true,
  risk_level: true,
  summary: true,
  reasoning: true,
  recommended_action: true,
  entities: true,
  flags: true,
  confidence: true,
  model: true,
  prompt_version: true,
  prompt_tokens: true,
  completion_tokens: true,
  cached_tokens: true,
  latency_ms: true,
  created_at: true,
}).extend({
  /** The revision that it made of the event; null where it did not replace the verdict that there was. */
  revision: revision.nullable(),
  /** The node that judged; of an event from elsewhere, the event's own id. */
  node_id: RecordId,
});
export type VerdictRecord = z.infer<typeof VerdictRecord>;

/** What a model thinks of a batch, in short. */
export interface Opinion {
  readonly event_id: string;
  readonly risk_score: number;
  readonly risk_level: RiskLevel;
  readonly summary: string;
  readonly model: string | null;
  readonly prompt_version: string | null;
}

/** What two nodes' models think of the same batch. */
export interface OpinionPair {
  readonly batch_id: string;
  readonly camera_id: string;
  readonly started_at: string;
  readonly own: Opinion;
  readonly other: Opinion;
}
