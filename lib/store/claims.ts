/** Table `claims`: which upload was the first to bring some content, and what that looks like. */
import type { Database } from "better-sqlite3";
import { hashDistance } from "../domain/likeness.ts";
import { toMillis } from "../domain/time.ts";
import type { Upload } from "../domain/upload.ts";

/** What an upload looks like, and how far from that a picture may be that counts as the same. */
export interface Likeness {
  /** As `hashDistance` takes it. */
  readonly hash: string;
  /** Bits. */
  readonly limit: number;
}

/** The upload that an upload is a duplicate of. */
export interface Original {
  readonly upload_id: string;
  /** In how many bits the pictures differ; null where the content is the same. */
  readonly distance: number | null;
}

interface Holder {
  readonly upload_id: string;
  readonly received_ms: number;
}

interface Lookalike {
  readonly upload_id: string;
  readonly hash: string;
}

export class Claims {
  readonly #get;
  readonly #hashed;
  readonly #set;
  readonly #passOn;
  readonly #forget;
  readonly #expire;

  constructor(db: Database) {
    // What came to nothing, or passes for another one itself, is nobody's original.
    this.#get = db.prepare<[string, string, string], Holder>(`
      SELECT upload_id, received_ms FROM claims c JOIN uploads u USING(upload_id)
      WHERE c.node_id = ? AND c.camera_id = ? AND c.sha256 = ? AND u.state = 'handed'`);
    this.#hashed = db.prepare<[string, string, number, string], Lookalike>(`
      SELECT upload_id, hash FROM claims c JOIN uploads u USING(upload_id)
      WHERE c.node_id = ? AND c.camera_id = ? AND c.received_ms >= ? AND c.hash IS NOT NULL
        AND c.upload_id <> ? AND u.state = 'handed'
      ORDER BY c.received_ms`);
    this.#set = db.prepare("INSERT OR REPLACE INTO claims VALUES(?, ?, ?, ?, ?, ?)");
    // What the first of a burst looked like stays what the others are compared with.
    this.#passOn = db
      .prepare<[{ from: string; heir: string; camera: string; sha256: string }], string>(`
      UPDATE OR REPLACE claims SET upload_id = :heir, sha256 = :sha256
      WHERE camera_id = :camera AND upload_id = :from AND (sha256 = :sha256 OR (
        hash IS NOT NULL AND sha256 = (SELECT sha256 FROM uploads WHERE upload_id = :from)))
      RETURNING node_id`)
      .pluck();
    this.#forget = db.prepare("DELETE FROM claims WHERE node_id = ?");
    this.#expire = db.prepare("DELETE FROM claims WHERE received_ms < ?");
  }

  /**
   * Claims the content of an upload that the ledger has for its camera at this node, and what it looks like where
   * `likeness` says so. The answer is null where the claim is the upload's own, or the upload that brought the same
   * content no more than `windowMs` before, or else the one that looked most like it then.
   */
  claim(nodeId: string, upload: Upload, windowMs: number, likeness: Likeness | null = null): Original | null {
    const receivedMs = toMillis(upload.received_at);
    const holder = this.#get.get(nodeId, upload.camera_id, upload.sha256);
    if (holder?.upload_id === upload.upload_id) return null;
    if (holder && receivedMs - holder.received_ms <= windowMs) return { upload_id: holder.upload_id, distance: null };
    const alike = likeness && this.#mostAlike(nodeId, upload, receivedMs - windowMs, likeness);
    if (alike) return alike;
    const hash = likeness?.hash ?? null;
    this.#set.run(nodeId, upload.camera_id, upload.sha256, upload.upload_id, receivedMs, hash);
    return null;
  }

  /** Of several that are equally alike, the first. Duplicates hold no claim: a slow change does not go on unnoticed. */
  #mostAlike(nodeId: string, upload: Upload, sinceMs: number, { hash, limit }: Likeness): Original | null {
    let best: Original | null = null;
    let nearest = limit + 1;
    for (const other of this.#hashed.iterate(nodeId, upload.camera_id, sinceMs, upload.upload_id)) {
      const distance = hashDistance(hash, other.hash);
      if (distance >= nearest) continue;
      nearest = distance;
      best = { upload_id: other.upload_id, distance };
    }
    return best;
  }

  /**
   * An upload takes over what another one has claimed that it was a duplicate of, at whichever nodes; the answer is their
   * ids. Reads all claims.
   */
  passOn(fromId: string, heir: Upload): string[] {
    return this.#passOn.all({ from: fromId, heir: heir.upload_id, camera: heir.camera_id, sha256: heir.sha256 });
  }

  /** Forgets what this node has claimed. */
  forget(nodeId: string): void {
    this.#forget.run(nodeId);
  }

  /** Drops claims older than any window reaches. */
  expire(beforeMs: number): void {
    this.#expire.run(beforeMs);
  }
}
