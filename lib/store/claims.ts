/** Table `claims`: which upload was the first to bring some content. */
import type { Database } from "better-sqlite3";
import { toMillis } from "../domain/time.ts";
import type { Upload } from "../domain/upload.ts";

export class Claims {
  readonly #get;
  readonly #set;
  readonly #passOn;
  readonly #forget;
  readonly #expire;

  constructor(db: Database) {
    // What came to nothing, or passes for another one itself, is nobody's original.
    this.#get = db.prepare<[string, string, string], { upload_id: string; received_ms: number }>(`
      SELECT upload_id, received_ms FROM claims c JOIN uploads u USING(upload_id)
      WHERE c.node_id = ? AND c.camera_id = ? AND c.sha256 = ? AND u.state = 'handed'`);
    this.#set = db.prepare("INSERT OR REPLACE INTO claims VALUES(?, ?, ?, ?, ?)");
    this.#passOn = db.prepare<[string, string, string, string, string]>(
      "UPDATE claims SET upload_id = ? WHERE node_id = ? AND camera_id = ? AND sha256 = ? AND upload_id = ?",
    );
    this.#forget = db.prepare("DELETE FROM claims WHERE node_id = ?");
    this.#expire = db.prepare("DELETE FROM claims WHERE received_ms < ?");
  }

  /**
   * Claims the content of an upload that the ledger has for its camera at this node. The answer is null where the claim
   * is the upload's own, or the id of the upload that brought the same content no more than `windowMs` before.
   */
  claim(nodeId: string, upload: Upload, windowMs: number): string | null {
    const receivedMs = toMillis(upload.received_at);
    const holder = this.#get.get(nodeId, upload.camera_id, upload.sha256);
    if (holder?.upload_id === upload.upload_id) return null;
    if (holder && receivedMs - holder.received_ms <= windowMs) return holder.upload_id;
    this.#set.run(nodeId, upload.camera_id, upload.sha256, upload.upload_id, receivedMs);
    return null;
  }

  /** An upload takes over what another one with its content has claimed at a node. */
  passOn(nodeId: string, fromId: string, heir: Upload): void {
    this.#passOn.run(heir.upload_id, nodeId, heir.camera_id, heir.sha256, fromId);
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
