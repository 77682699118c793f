/** What models took: sums over table `verdicts`. Events from elsewhere cost nothing here. */
import type { Database } from "better-sqlite3";

/** Sums over some analyses; of tokens, over those whose server has counted them, and null where it counted none. */
export interface Costs {
  /** How many answers models gave, also such as could not be used. */
  readonly analyses: number;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  /** Those of `prompt_tokens` that the server had in its cache. */
  readonly cached_tokens: number | null;
  /** Seconds that the model took. */
  readonly model_seconds: number;
}

export interface CameraCosts extends Costs {
  readonly camera_id: string;
}

/** From one time to just before another, both ISO. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

interface Asking extends Span {
  readonly nodeId: string | null;
}

/** Of a judgement: a model has answered. */
export const ASKED = "latency_ms IS NOT NULL";

export const NO_COSTS: Costs = {
  analyses: 0,
  prompt_tokens: null,
  completion_tokens: null,
  cached_tokens: null,
  model_seconds: 0,
};

const SUMS = `count(*) AS analyses, sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
  sum(cached_tokens) AS cached_tokens, coalesce(sum(latency_ms), 0) / 1000.0 AS model_seconds`;

export class CostSums {
  readonly #ofEvent;
  readonly #ofCameras;
  readonly #analyses;

  constructor(db: Database) {
    this.#ofEvent = db.prepare<[string], Costs>(
      `SELECT ${SUMS} FROM verdicts WHERE ${ASKED} AND event_id = ? AND node_id <> event_id`,
    );
    this.#ofCameras = db.prepare<[Asking], CameraCosts>(`
      SELECT camera_id, ${SUMS} FROM verdicts
      WHERE ${ASKED} AND created_at >= :from AND created_at < :to AND node_id = coalesce(:nodeId, node_id)
        AND node_id <> event_id
      GROUP BY camera_id ORDER BY camera_id`);
    this.#analyses = db
      .prepare<[Asking], number>(
        `SELECT count(*) FROM verdicts WHERE ${ASKED} AND created_at >= :from AND created_at < :to AND node_id = :nodeId`,
      )
      .pluck();
  }

  /** Of all judgements of an event. */
  ofEvent(eventId: string): Costs {
    return this.#ofEvent.get(eventId) ?? NO_COSTS;
  }

  /** Of each camera for which models have answered, one node's or, where that is null, any. */
  ofCameras(nodeId: string | null, span: Span): CameraCosts[] {
    return this.#ofCameras.all({ nodeId, ...span });
  }

  /** How many answers a node's model gave. */
  analyses(nodeId: string, span: Span): number {
    return this.#analyses.get({ nodeId, ...span }) ?? 0;
  }
}

/** The sum over cameras, or over anything. */
export function sumOf(all: readonly Costs[]): Costs {
  return all.reduce<Costs>(
    (sum, each) => ({
      analyses: sum.analyses + each.analyses,
      prompt_tokens: add(sum.prompt_tokens, each.prompt_tokens),
      completion_tokens: add(sum.completion_tokens, each.completion_tokens),
      cached_tokens: add(sum.cached_tokens, each.cached_tokens),
      // What is not whole in binary would add up to 0.30000000000000004.
      model_seconds: Math.round((sum.model_seconds + each.model_seconds) * 1000) / 1000,
    }),
    NO_COSTS,
  );
}

/** Null where neither was counted. */
function add(first: number | null, second: number | null): number | null {
  return first === null ? second : first + (second ?? 0);
}
