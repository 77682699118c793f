/**
 * Tables `nodes` and `owners`: which nodes have run on a site, and by which name the other tables know each. A node that
 * is deleted and imported again has a new id; it goes on under the name of the one before.
 */
import type { Database } from "better-sqlite3";

/** The nodes that the flows hold now, disabled ones included. */
export interface Flows {
  has(nodeId: string): boolean;
  /** Ids of the nodes of a type on this site. */
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
}

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

  constructor(db: Database) {
    this.#known = db.prepare<[], Known>("SELECT node_id, type, identity FROM nodes ORDER BY seen_ms DESC, node_id");
    this.#enter = db.prepare("INSERT OR REPLACE INTO nodes(node_id, type, identity, seen_ms) VALUES(?, ?, ?, ?)");
    this.#left = db.prepare<[{ identity: string }], Pick<Orphan, "queued" | "dead" | "open">>(`
      SELECT (SELECT count(*) FROM work WHERE node_id = :identity AND state = 'queued') AS queued,
        (SELECT count(*) FROM work WHERE node_id = :identity AND state = 'dead') AS dead,
        (SELECT count(*) FROM handovers WHERE node_id = :identity AND state = 'air') AS open`);
    // What the new node has of its own already stays with it.
    this.#moves = [
      "UPDATE OR IGNORE work SET node_id = ? WHERE node_id = ? AND state IN ('queued', 'dead')",
      "UPDATE handovers SET node_id = ? WHERE node_id = ? AND state IN ('air', 'unclaimed')",
      "UPDATE OR IGNORE batches SET node_id = ? WHERE node_id = ? AND state = 'open'",
      "UPDATE OR IGNORE batch_inspections SET node_id = ? WHERE node_id = ?",
    ].map((sql) => db.prepare(sql));
  }

  /**
   * Enters a node that starts; the answer is its identity. That of a node which is the only new one of its type is the
   * identity of the one that went last, where one did: its jobs, receipts and batches go on.
   */
  enter(nodeId: string, type: string, flows: Flows, now: number): string {
    const identity = this.#identityOf(nodeId, type, flows);
    this.#enter.run(nodeId, type, identity, now);
    return identity;
  }

  /** Nodes that are in no flow any more and have left something unfinished. */
  orphans(flows: Flows): Orphan[] {
    return this.#orphaned(flows)
      .map(({ identity, type }) => ({ identity, type, queued: 0, dead: 0, open: 0, ...this.#left.get({ identity }) }))
      .filter(({ queued, dead, open }) => queued + dead + open > 0);
  }

  /** Gives what an orphan has left unfinished to another node of its type. */
  moveWork(from: string, to: string): void {
    for (const move of this.#moves) move.run(to, from);
  }

  #identityOf(nodeId: string, type: string, flows: Flows): string {
    const known = this.#known.all();
    const taken = new Set(
      known.filter(({ node_id }) => node_id !== nodeId && flows.has(node_id)).map(({ identity }) => identity),
    );
    const before = known.find(({ node_id }) => node_id === nodeId);
    if (before && !taken.has(before.identity)) return before.identity;

    const isNew = (id: string) => !known.some(({ node_id }) => node_id === id);
    const others = flows.ofType(type).filter((id) => id !== nodeId && isNew(id));
    const last = this.#orphaned(flows).find((orphan) => orphan.type === type);
    if (before === undefined && last && others.length === 0) return last.identity;

    // A deleted node may come back after another one has gone on in its name.
    let identity = nodeId;
    for (let n = 2; taken.has(identity); n++) identity = `${nodeId}.${n}`;
    return identity;
  }

  /** The identities that no node in the flows has, the one that ran last first. */
  #orphaned(flows: Flows): Known[] {
    const known = this.#known.all();
    const held = new Set(known.filter(({ node_id }) => flows.has(node_id)).map(({ identity }) => identity));
    const orphans = new Map<string, Known>();
    for (const node of known) {
      if (!held.has(node.identity) && !orphans.has(node.identity)) orphans.set(node.identity, node);
    }
    return [...orphans.values()];
  }
}
