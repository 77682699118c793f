/** Tables `roots` and `uploads`: the ledger of every file that a camera dropped, and what became of it. */
import type { Database } from "better-sqlite3";
import type { MediaType, Upload } from "../domain/upload.ts";

/** A file as a folder lists it: the same four values are the same upload. */
export interface FileVersion {
  readonly root: string;
  /** Relative to the root. */
  readonly path: string;
  readonly size: number;
  readonly mtimeNs: bigint;
}

/** A file that is not taken: what there is to say of it. */
export interface Unwanted extends FileVersion {
  readonly uploadId: string;
  readonly cameraId: string | null;
  readonly mediaType: MediaType;
  readonly receivedAt: string;
  readonly state: "rejected" | "baseline";
  readonly reason: string | null;
}

export class Uploads {
  readonly #known;
  readonly #insert;
  readonly #adopt;
  readonly #end;
  readonly #oldBefore;
  readonly #seeRoot;
  readonly #baselined;

  constructor(db: Database) {
    this.#known = db
      .prepare<[string, string, number, bigint], number>(
        "SELECT 1 FROM uploads WHERE root = ? AND path = ? AND size = ? AND mtime_ns = ?",
      )
      .pluck();
    this.#insert = db.prepare(`
      INSERT INTO uploads(upload_id, camera_id, root, path, size, mtime_ns, sha256, media_type, captured_at, received_at, state, reason)
      VALUES(:upload_id, :camera_id, :root, :path, :size, :mtime_ns, :sha256, :media_type, :captured_at, :received_at, :state, :reason)
      ON CONFLICT DO NOTHING`);
    this.#adopt = db.prepare(`
      INSERT INTO uploads(upload_id, camera_id, path, size, mtime_ns, sha256, media_type, captured_at, received_at, state)
      VALUES(:upload_id, :camera_id, :path, :size, 0, :sha256, :media_type, :captured_at, :received_at, 'handed')
      ON CONFLICT(upload_id) DO NOTHING`);
    // What was looked at stays so, whatever another branch of the flow makes of its file.
    this.#end = db.prepare<[string, string | null, string]>(`
      UPDATE uploads SET state = ?, original_id = ? WHERE upload_id = ? AND state = 'handed'
        AND NOT EXISTS(SELECT 1 FROM inspections i WHERE i.upload_id = uploads.upload_id)`);
    this.#oldBefore = db
      .prepare<[string], number>("SELECT first_seen_ms FROM roots WHERE root = ? AND baselined = 0")
      .pluck();
    this.#seeRoot = db.prepare("INSERT INTO roots(root, first_seen_ms) VALUES(?, ?) ON CONFLICT DO NOTHING");
    this.#baselined = db.prepare("UPDATE roots SET baselined = 1 WHERE root = ?");
  }

  /**
   * Enters a root that is watched. The answer is when that began, in milliseconds since 1970: what is older lay there
   * before. Null once all of that has been entered.
   */
  watchRoot(root: string, now: number): number | null {
    this.#seeRoot.run(root, now);
    return this.#oldBefore.get(root) ?? null;
  }

  /** All that lay in a root when it was watched for the first time has been entered. */
  markBaselined(root: string): void {
    this.#baselined.run(root);
  }

  /** Whether the ledger has this version of a file, in whatever state. */
  has(file: FileVersion): boolean {
    return this.#known.get(file.root, file.path, file.size, file.mtimeNs) !== undefined;
  }

  /** Enters a file that goes on to the next node. False where the ledger has it already. */
  addHanded(upload: Upload, file: FileVersion): boolean {
    const { path, ...rest } = upload;
    const added = this.#insert.run({
      ...rest,
      root: file.root,
      path: file.path,
      mtime_ns: file.mtimeNs,
      state: "handed",
      reason: null,
    });
    return added.changes === 1;
  }

  /** Enters a file that goes nowhere. False where the ledger has it already. */
  addUnwanted(file: Unwanted): boolean {
    const added = this.#insert.run({
      upload_id: file.uploadId,
      camera_id: file.cameraId,
      root: file.root,
      path: file.path,
      size: file.size,
      mtime_ns: file.mtimeNs,
      sha256: null,
      media_type: file.mediaType,
      captured_at: null,
      received_at: file.receivedAt,
      state: file.state,
      reason: file.reason,
    });
    return added.changes === 1;
  }

  /** Enters an upload that came in a message, unless it is known. */
  adopt(upload: Upload): void {
    this.#adopt.run(upload);
  }

  markDuplicate(uploadId: string, originalId: string): void {
    this.#end.run("duplicate", originalId, uploadId);
  }

  /** The file's bytes changed after it was taken; its new content is an upload of its own. */
  markSuperseded(uploadId: string): void {
    this.#end.run("superseded", null, uploadId);
  }

  /** The file went away before it was looked at. */
  markGone(uploadId: string): void {
    this.#end.run("gone", null, uploadId);
  }
}
