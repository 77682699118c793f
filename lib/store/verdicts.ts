/** Table `verdicts`: every judgement of every event, so that no later one loses the first. */
import type { Database } from "better-sqlite3";
import { z } from "zod";
import { type Opinion, type OpinionPair, VerdictRecord } from "../domain/verdict.ts";
import { VerdictRow } from "./codecs.ts";
import { ASKED } from "./costs.ts";

const COLUMNS = Object.keys(VerdictRecord.shape);
const OPINION = ["event_id", "risk_score", "risk_level", "summary", "model", "prompt_version"] as const;

/** An opinion as an object, of an event that is called `name` in the query. */
const opinion = (name: string) => `json_object(${OPINION.map((field) => `'${field}', ${name}.${field}`).join(", ")})`;

interface PairRow extends Omit<OpinionPair, "own" | "other"> {
  readonly node_id: string;
  readonly own: string;
  readonly other: string;
}

export class Verdicts {
  readonly #add;
  readonly #ofBatch;
  readonly #pairs;

  constructor(db: Database) {
    this.#add = db.prepare<[Record<string, unknown>]>(
      `INSERT INTO verdicts(${COLUMNS.join(", ")}) VALUES(${COLUMNS.map((column) => `:${column}`).join(", ")})`,
    );
    this.#ofBatch = db.prepare<[string], unknown>(`
      SELECT ${COLUMNS.map((column) => `v.${column}`).join(", ")} FROM verdicts v JOIN events e USING(event_id)
      WHERE e.batch_id = ? ORDER BY v.created_at, v.rowid`);
    this.#pairs = db.prepare<[{ nodeId: string; since: string }], PairRow>(`
      SELECT other.node_id, own.batch_id, own.camera_id, own.started_at, ${opinion("own")} AS own,
        ${opinion("other")} AS other
      FROM events own JOIN events other ON other.batch_id = own.batch_id AND other.node_id <> own.node_id
      WHERE own.node_id = :nodeId AND own.analysis = 'model' AND other.analysis = 'model'
        AND own.event_id IN (SELECT event_id FROM verdicts WHERE ${ASKED} AND created_at >= :since AND node_id = :nodeId)
      ORDER BY own.started_at`);
  }

  /** Keeps a judgement. To be called where its event is stored, in the same transaction. */
  add(verdict: VerdictRecord): void {
    this.#add.run(z.encode(VerdictRow, verdict));
  }

  /** All judgements of a batch, whichever node made them, oldest first. */
  ofBatch(batchId: string): VerdictRecord[] {
    return this.#ofBatch.all(batchId).map((row) => VerdictRow.parse(row));
  }

  /**
   * The batches that a node's model has judged since then, and another node's too: by the other's name, the newest verdicts
   * of both.
   */
  pairs(nodeId: string, since: string): ReadonlyMap<string, OpinionPair[]> {
    const byOther = new Map<string, OpinionPair[]>();
    for (const { node_id, own, other, ...batch } of this.#pairs.all({ nodeId, since })) {
      const pairs = byOther.get(node_id) ?? [];
      pairs.push({ ...batch, own: readOpinion(own), other: readOpinion(other) });
      byOther.set(node_id, pairs);
    }
    return byOther;
  }
}

function readOpinion(json: string): Opinion {
  return JSON.parse(json);
}
