/** How much work there is already for what a watched folder brings: what a watch waits for before it brings more. */
import type { Database } from "better-sqlite3";

export class Pressure {
  readonly #queued;
  readonly #aired;

  constructor(db: Database) {
    this.#queued = db
      .prepare<[{ root: string; nodes: string; most: number }], number>(`
      SELECT count(*) FROM (SELECT 1 FROM work WHERE source = :root AND state = 'queued' AND parked = 0
        AND node_id IN (SELECT value FROM json_each(:nodes)) LIMIT :most)`)
      .pluck();
    this.#aired = db
      .prepare<[{ node: string; since: number; until: number; most: number }], number>(`
      SELECT count(*) FROM (SELECT 1 FROM handovers WHERE node_id = :node AND state = 'air'
        AND created_ms BETWEEN :since AND :until LIMIT :most)`)
      .pluck();
  }

  /** Jobs that are queued at one of these nodes for uploads from a root, without parked ones; counted up to `most`. */
  queued(root: string, nodeIds: Iterable<string>, most: number): number {
    return this.#queued.get({ root, nodes: JSON.stringify([...nodeIds]), most }) ?? 0;
  }

  /** Messages of a node that are in the air since then, in milliseconds since 1970; counted up to `most`. */
  aired(nodeId: string, { since, until }: { since: number; until: number }, most: number): number {
    return this.#aired.get({ node: nodeId, since, until, most }) ?? 0;
  }
}
