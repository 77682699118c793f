/** Table `uploads`: the ledger of every file that a camera dropped, and what became of it. */
import { join } from "node:path";
import type { Database } from "better-sqlite3";
import type { Upload } from "../domain/upload.ts";
import type { FileVersion } from "./found-files.ts";

/** Where a watch found an upload. */
export interface UploadFile {
  readonly root: string;
  /** Relative to the root. */
  readonly path: string;
}

/** An upload that is looked at in its original's place, and the node that had called it a duplicate. */
export interface Heir {
  readonly upload: Upload;
  readonly nodeId: string;
}

/**
 * What became of an upload that nobody looks at: its file went away, its bytes changed after it was taken, or detection
 * is off for its camera.
 */
export type Nothing = "gone" | "superseded" | "skipped";

interface UploadRow extends Upload {
  readonly root: string | null;
}

interface HeirRow extends UploadRow {
  readonly suppressed_by: string;
}

const HANDED = "state = 'handed', original_id = NULL, suppressed_by = NULL, distance = NULL";

const UPLOAD_COLUMNS = "upload_id, camera_id, root, path, media_type, size, captured_at, received_at, sha256";

export class Uploads {
  readonly #known;
  readonly #adopt;
  readonly #end;
  readonly #reopen;
  readonly #suppress;
  readonly #passOn;
  readonly #heir;
  readonly #inherit;
  readonly #fileOf;
  readonly #get;
  readonly #latestPicture;

  constructor(db: Database) {
    this.#known = db
      .prepare<[string, string, number, bigint], number>(
        "SELECT 1 FROM uploads WHERE root = ? AND path = ? AND size = ? AND mtime_ns = ?",
      )
      .pluck();
    this.#adopt = db.prepare(`
      INSERT INTO uploads(upload_id, camera_id, path, size, mtime_ns, sha256, media_type, captured_at, received_at, state)
      VALUES(:upload_id, :camera_id, :path, :size, 0, :sha256, :media_type, :captured_at, :received_at, 'handed')
      ON CONFLICT(upload_id) DO UPDATE SET state = 'handed' WHERE state = 'purged'`);
    // What was looked at stays so, whatever another branch of the flow makes of its file.
    const stillOpen =
      "state = 'handed' AND NOT EXISTS(SELECT 1 FROM inspections i WHERE i.upload_id = uploads.upload_id)";
    this.#end = db.prepare<[Nothing, string]>(`UPDATE uploads SET state = ? WHERE upload_id = ? AND ${stillOpen}`);
    this.#reopen = db.prepare<[string]>(`
      UPDATE uploads SET ${HANDED}
      WHERE upload_id = ? AND state IN ('gone', 'superseded', 'skipped', 'duplicate', 'purged') AND sha256 IS NOT NULL`);
    this.#suppress = db.prepare(`
      UPDATE uploads SET state = 'duplicate', original_id = ?, distance = ?, suppressed_by = ?
      WHERE upload_id = ? AND ${stillOpen}`);
    this.#passOn = db.prepare<[string, string]>("UPDATE uploads SET original_id = ? WHERE original_id = ?");
    this.#heir = db.prepare<[{ id: string }], HeirRow>(`
      SELECT ${UPLOAD_COLUMNS}, suppressed_by
      FROM uploads WHERE original_id = :id AND (SELECT state FROM uploads WHERE upload_id = :id) <> 'handed'
      ORDER BY received_at, upload_id LIMIT 1`);
    this.#inherit = db.prepare(`UPDATE uploads SET ${HANDED} WHERE upload_id = ?`);
    this.#fileOf = db.prepare<[string], UploadFile>(
      "SELECT root, path FROM uploads WHERE upload_id = ? AND root IS NOT NULL",
    );
    this.#get = db.prepare<[string], UploadRow>(
      `SELECT ${UPLOAD_COLUMNS} FROM uploads WHERE upload_id = ? AND sha256 IS NOT NULL`,
    );
    this.#latestPicture = db.prepare<[string], UploadRow>(`
      SELECT ${UPLOAD_COLUMNS} FROM uploads WHERE camera_id = ? AND media_type = 'image' AND state = 'handed'
      ORDER BY rowid DESC LIMIT 1`);
  }

  /** Whether the ledger has this version of a file, in whatever state. */
  has(file: FileVersion): boolean {
    return this.#known.get(file.root, file.path, file.size, file.mtimeNs) !== undefined;
  }

  /** The file of an upload that a watch found; undefined for one from elsewhere. */
  fileOf(uploadId: string): UploadFile | undefined {
    return this.#fileOf.get(uploadId);
  }

  /** The latest picture of a camera that was handed on; undefined where it has had none, or clips only. */
  latestPicture(cameraId: string): Upload | undefined {
    const row = this.#latestPicture.get(cameraId);
    return row && readUpload(row);
  }

  /** An upload that was handed on; undefined for a file that never was. */
  get(uploadId: string): Upload | undefined {
    const row = this.#get.get(uploadId);
    return row && readUpload(row);
  }

  /** Enters an upload that came in a message, unless it is known; one that was purged is as good as new. */
  adopt(upload: Upload): void {
    this.#adopt.run(upload);
  }

  /**
   * A node has seen the upload's content in another one or, with a `distance`, a picture that looks like it; whatever was
   * a duplicate of this one is one of that.
   */
  markDuplicate(uploadId: string, originalId: string, nodeId: string, distance: number | null = null): void {
    const marked = this.#suppress.run(originalId, distance, nodeId, uploadId);
    if (marked.changes === 1) this.#passOn.run(originalId, uploadId);
  }

  /** Enters what became of an upload that cannot be looked at, unless it was, or has ended before. */
  end(uploadId: string, what: Nothing): void {
    this.#end.run(what, uploadId);
  }

  /**
   * An upload was looked at all the same: its file is back and a person has asked for it, or another branch of the flow
   * led past the node that calls it a duplicate.
   */
  reopen(uploadId: string): void {
    this.#reopen.run(uploadId);
  }

  /**
   * Hands the first duplicate of an upload that is not handed on itself on in its place, and makes it the original of the
   * others. Null where there is none.
   */
  bequeath(uploadId: string): Heir | null {
    const heir = this.#heir.get({ id: uploadId });
    if (!heir) return null;
    this.#inherit.run(heir.upload_id);
    this.#passOn.run(heir.upload_id, uploadId);
    const { suppressed_by: nodeId, ...row } = heir;
    return { upload: readUpload(row), nodeId };
  }
}

function readUpload({ root, path, ...rest }: UploadRow): Upload {
  return { ...rest, path: root === null ? path : join(root, path) };
}
