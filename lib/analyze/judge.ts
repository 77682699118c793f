/** From a judgement to the event that is stored, published and sent on. */
import type { Batch } from "../domain/batch.ts";
import type { Camera } from "../domain/camera.ts";
import type { EventRecord, SecurityEvent } from "../domain/event.ts";
import { deriveId } from "../domain/ids.ts";
import { type RiskBands, riskLevel } from "../domain/risk.ts";
import { toIso } from "../domain/time.ts";
import type { Estimate } from "./estimate.ts";
import { labelsOf, sceneText } from "./scene.ts";
import type { ModelVerdict } from "./verdict.ts";

/** What a judgement took, in the fields of an event; null where nobody measured it. */
export type Usage = Pick<EventRecord, "prompt_tokens" | "completion_tokens" | "cached_tokens" | "latency_ms">;

export const UNMEASURED: Usage = {
  prompt_tokens: null,
  completion_tokens: null,
  cached_tokens: null,
  latency_ms: null,
};

/** Who judged a batch, and how: a model, our rules, or nobody, with the reason. */
export type Judgement =
  | {
      readonly analysis: "model";
      readonly verdict: ModelVerdict;
      readonly model: string | null;
      readonly promptVersion: string;
      readonly usage: Usage;
      readonly final: true;
    }
  | {
      readonly analysis: "rules";
      readonly estimate: Estimate;
      /** False where a model's verdict is still to come. */
      readonly final: boolean;
    }
  | {
      readonly analysis: "none";
      /** Why there is no verdict, for people. */
      readonly reason: string;
      readonly model: string | null;
      readonly usage: Usage;
      readonly final: true;
    };

export interface EventInput {
  readonly batch: Batch;
  readonly camera: Camera;
  /** The node that judged: two nodes may judge the same batch. */
  readonly nodeId: string;
  readonly judgement: Judgement;
  /** The large picture of what was seen; null where there is none. */
  readonly picturePath: string | null;
  readonly bands: RiskBands;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The event of a batch. It is always revision 1 here: the store raises that where it knows an earlier one. */
export function eventOf({ batch, camera, nodeId, judgement, picturePath, bands, now }: EventInput): SecurityEvent {
  const judged = judgedFields(judgement, batch);
  return {
    event_id: deriveId("event", batch.batch_id, nodeId),
    batch_id: batch.batch_id,
    camera_id: batch.camera_id,
    camera_name: camera.name,
    started_at: batch.started_at,
    ended_at: batch.ended_at,
    revision: 1,
    final: judgement.final,
    risk_level: judged.risk_score === null ? null : riskLevel(judged.risk_score, bands),
    analysis: judgement.analysis,
    ...judged,
    labels: labelsOf(batch.detections),
    detection_count: batch.detections.length,
    fast_path: batch.fast_path,
    thumbnail_path: batch.thumbnail_path,
    picture_path: picturePath,
    reviewed: false,
    created_at: toIso(now),
    detections: batch.detections,
    ...(batch.context && { context: batch.context }),
    ...(batch.merged && { merged: batch.merged }),
  };
}

type JudgedFields = Omit<ModelVerdict, "risk_score"> &
  Usage &
  Pick<EventRecord, "risk_score" | "model" | "prompt_version">;

/** What only a model says. */
const NOT_SAID = { entities: [], flags: [], confidence: null };

function judgedFields(judgement: Judgement, batch: Batch): JudgedFields {
  switch (judgement.analysis) {
    case "model": {
      const { verdict, usage, model, promptVersion } = judgement;
      return { ...verdict, ...usage, model, prompt_version: promptVersion };
    }
    case "rules":
      return { ...judgement.estimate, ...NOT_SAID, ...UNMEASURED, model: null, prompt_version: null };
    case "none":
      return {
        risk_score: null,
        summary: `Not analysed: ${sceneText(batch.detections)}`,
        reasoning: judgement.reason,
        recommended_action: null,
        ...NOT_SAID,
        ...judgement.usage,
        model: judgement.model,
        prompt_version: null,
      };
  }
}
