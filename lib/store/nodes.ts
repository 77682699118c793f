/**
 * Tables `nodes` and `owners`: which nodes have run on a site, and by which name the other tables know each. A node that
 * is deleted and imported again has a new id; it goes on under the name of the one before.
 */
import type { Database } from "better-sqlite3";

/** The nodes that the flows hold now, disabled ones included. */
export interface Flows {
  has(nodeId: string): boolean;
  /** Ids of the nodes of a type, without those in subflows: these come by the instance, and nobody could tell them apart. */
  ofType(type: string): readonly string[];
}

/** A node that no flow holds any more, with what it has left behind. */
export interface Orphan {
  readonly identity: string;
  readonly type: string;
  readonly queued: number;
  readonly dead: number;
  /** Messages that no Vigil node has answered. */
  readonly open: number;
  /** Batches that nobody closes. */
  readonly batches: number;
}

/** The name by which `work` knows a lane of a node: it has a queue of its own there. */
export function laneId(nodeId: string, lane: string): string {
  return `${nodeId} ${lane}`;
}

/** Whether work is a node's, in whichever lane. */
const isOf = (identity: string) =>
  `(node_id = ${identity} OR substr(node_id, 1, length(${identity}) + 1) = ${identity} || ' ')`;

type Left = Omit<Orphan, "identity" | "type">;
const NOTHING_LEFT: Left = { queued: 0, dead: 0, open: 0, batches: 0 };

interface Known {
  readonly node_id: string;
  readonly type: string;
  readonly identity: string;
}

export class Nodes {
  readonly #known;
  readonly #enter;
  readonly #left;
  readonly #moves;
  readonly #discards;

  constructor(db: Database) {
    this.#known = db.prepare<[], Known>("SELECT node_id, type, identity FROM nodes ORDER BY seen_ms DESC, node_id");
    // Whoever goes on in a node's name replaces it.
    this.#enter = db.prepare("INSERT OR REPLACE INTO nodes(node_id, type, identity, seen_ms) VALUES(?, ?, ?, ?)");
    this.#left = db.prepare<[{ identity: string }], Left>(`
      SELECT (SELECT count(*) FROM work WHERE ${isOf(":identity")} AND state = 'queued') AS queued,
        (SELECT count(*) FROM work WHERE ${isOf(":identity")} AND state = 'dead') AS dead,
        (SELECT count(*) FROM handovers WHERE node_id = :identity
          AND (state = 'air' OR state = 'unclaimed' AND minutes_up > 0 AND msg IS NOT NULL)) AS open,
        (SELECT count(*) FROM batches WHERE node_id = :identity AND state = 'open') AS batches`);
    // Of a message that was sent again, the other node may have a job of its own. A batch stays where it has one open of
    // the same camera, until that one is closed.
    this.#moves = [
      `UPDATE OR IGNORE work SET node_id = :to || substr(node_id, length(:from) + 1) WHERE ${isOf(":from")} AND state IN ('queued', 'dead')`,
      `DELETE FROM work WHERE ${isOf(":from")} AND state IN ('queued', 'dead')`,
      "UPDATE handovers SET node_id = :to WHERE node_id = :from AND state IN ('air', 'unclaimed')",
      "UPDATE OR IGNORE batches SET node_id = :to WHERE node_id = :from AND state = 'open'",
      // The verdict is a revision of the estimate.
      "UPDATE OR IGNORE events SET node_id = :to WHERE node_id = :from AND final = 0",
      "UPDATE OR IGNORE batch_inspections SET node_id = :to WHERE node_id = :from",
    ].map((sql) => db.prepare<[{ from: string; to: string }]>(sql));
    this.#discards = [
      `UPDATE work SET state = 'discarded', settled_ms = :now, msg = NULL WHERE ${isOf(":from")} AND state IN ('queued', 'dead')`,
      "UPDATE handovers SET state = 'discarded', msg = NULL WHERE node_id = :from AND state IN ('air', 'unclaimed')",
    ].map((sql) => db.prepare(sql));
  }

  /**
   * Enters a node that starts; the answer is its identity. That of a node which is the only new one of its type is the
   * identity of the one that went last, where one did: its jobs, receipts and batches go on.
   */
  enter(nodeId: string, type: string, flows: Flows, now: number): string {
    const known = new Set(this.#known.all().map(({ node_id }) => node_id));
    const fresh = flows.ofType(type).filter((id) => !known.has(id));
    // Of several, none goes on in another's name, whichever of them starts first.
    if (fresh.length > 1) for (const id of fresh) this.#enter.run(id, type, this.#ownIdentity(id, flows), now);
    const last = this.#orphaned(flows).find((orphan) => orphan.type === type);
    const goesOn = last && fresh.length === 1 && fresh[0] === nodeId;
    const identity = goesOn ? last.identity : this.#ownIdentity(nodeId, flows);
    this.#enter.run(nodeId, type, identity, now);
    return identity;
  }

  /** The name by which the other tables know a node; undefined for one that has never run here. */
  identityOf(nodeId: string): string | undefined {
    return this.#known.all().find(({ node_id }) => node_id === nodeId)?.identity;
  }

  /** Nodes that are in no flow any more and have left something unfinished. */
  orphans(flows: Flows): Orphan[] {
    return this.#orphaned(flows)
      .map(({ identity, type }) => ({ identity, type, ...NOTHING_LEFT, ...this.#left.get({ identity }) }))
      .filter(({ queued, dead, open, batches }) => queued + dead + open + batches > 0);
  }

  /** Gives up what an orphan has left; what it was about stays accounted for. Its open batches can only be adopted. */
  discardWork(from: string, now: number): number {
    return this.#discards.reduce((count, discard) => count + discard.run({ from, now }).changes, 0);
  }

  /** Gives what an orphan has left unfinished to another node of its type. */
  moveWork(from: string, to: string): void {
    for (const move of this.#moves) move.run({ from, to });
  }

  /** The one that a node has had, or its id. A deleted one may come back after another has gone on in its name. */
  #ownIdentity(nodeId: string, flows: Flows): string {
    const known = this.#known.all();
    const before = known.find(({ node_id }) => node_id === nodeId);
    if (before) return before.identity;
    const isTaken = (name: string) => known.some(({ node_id, identity }) => identity === name && flows.has(node_id));
    let identity = nodeId;
    for (let n = 2; isTaken(identity); n++) identity = `${nodeId}.${n}`;
    return identity;
  }

  /** The nodes that no flow holds any more, the one that ran last first. */
  #orphaned(flows: Flows): Known[] {
    return this.#known.all().filter(({ node_id }) => !flows.has(node_id));
  }
}
