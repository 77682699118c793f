/** Table `uploads`, state `found`: files that wait in their folders for their turn, and how each leaves that state. */
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

/** A file that was seen for the first time. */
export interface SeenFile extends FileVersion {
  readonly uploadId: string;
  readonly cameraId: string | null;
  readonly mediaType: MediaType;
  readonly receivedAt: string;
  /** It waits for its turn, or it lay there before the root was first watched and is passed over. */
  readonly state: "found" | "baseline";
}

/** A file whose turn it is. */
export interface FoundFile {
  readonly upload_id: string;
  readonly camera_id: string | null;
  /** Relative to the root. */
  readonly path: string;
}

/** Which file to take next. */
export interface NextFile {
  readonly root: string;
  /** Only files that were written since then. */
  readonly sinceNs: bigint;
  /** Cameras after this one go first, so that all have their turn; the files of no camera have "". */
  readonly after: string;
  /** Uploads that are under way already. */
  readonly except: Iterable<string>;
}

/** Why and with which content a file is rejected. */
export interface Rejection {
  readonly cameraId: string | null;
  readonly receivedAt: string;
  readonly reason: string;
}

export class FoundFiles {
  readonly #isEntered;
  readonly #grow;
  readonly #comeBack;
  readonly #insert;
  readonly #next;
  readonly #count;
  readonly #isAnother;
  readonly #end;
  readonly #endGone;
  readonly #postpone;

  constructor(db: Database) {
    // Where it was handed on before it went, a dead letter has it.
    const mayComeBack = "state = 'gone' AND sha256 IS NULL";
    this.#isEntered = db
      .prepare<[string, string, number, bigint], number>(
        `SELECT 1 FROM uploads WHERE root = ? AND path = ? AND size = ? AND mtime_ns = ? AND NOT (${mayComeBack})`,
      )
      .pluck();
    this.#comeBack = db.prepare(`
      UPDATE uploads AS gone SET state = 'found'
      WHERE root = :root AND path = :path AND size = :size AND mtime_ns = :mtimeNs AND ${mayComeBack}
        AND NOT EXISTS(SELECT 1 FROM uploads WHERE root = gone.root AND path = gone.path AND state = 'found')`);
    this.#grow = db.prepare(
      "UPDATE OR IGNORE uploads SET size = :size, mtime_ns = :mtimeNs WHERE root = :root AND path = :path AND state = 'found'",
    );
    this.#insert = db.prepare(`
      INSERT INTO uploads(upload_id, camera_id, root, path, size, mtime_ns, media_type, received_at, state)
      VALUES(:uploadId, :cameraId, :root, :path, :size, :mtimeNs, :mediaType, :receivedAt, :state)
      ON CONFLICT DO NOTHING`);
    // One seek in the index upload_found per camera, and one for its oldest file.
    this.#next = db.prepare<[{ root: string; sinceNs: bigint; after: string; except: string }], FoundFile>(`
      WITH RECURSIVE cameras(id) AS (
        SELECT NULL
        UNION ALL
        SELECT u.camera_id FROM cameras CROSS JOIN uploads u WHERE u.rowid = (
          SELECT rowid FROM uploads WHERE root = :root AND state = 'found' AND camera_id > coalesce(cameras.id, '')
          ORDER BY camera_id LIMIT 1)
      )
      SELECT u.upload_id, u.camera_id, u.path FROM cameras CROSS JOIN uploads u WHERE u.rowid = (
        SELECT rowid FROM uploads WHERE root = :root AND state = 'found' AND camera_id IS cameras.id
          AND mtime_ns >= :sinceNs AND upload_id NOT IN (SELECT value FROM json_each(:except))
        ORDER BY mtime_ns LIMIT 1)
      ORDER BY coalesce(u.camera_id, '') > :after DESC, u.camera_id LIMIT 1`);
    this.#count = db
      .prepare<[string], number>("SELECT count(*) FROM uploads WHERE root = ? AND state = 'found'")
      .pluck();
    this.#isAnother = db
      .prepare<[FileVersion & { uploadId: string }], number>(`
      SELECT 1 FROM uploads WHERE root = :root AND path = :path AND size = :size AND mtime_ns = :mtimeNs
        AND upload_id <> :uploadId`)
      .pluck();
    this.#end = db.prepare(`
      UPDATE uploads SET state = :state, camera_id = :cameraId, size = :size, mtime_ns = :mtimeNs, sha256 = :sha256,
        captured_at = :capturedAt, received_at = :receivedAt, reason = :reason
      WHERE upload_id = :uploadId AND state = 'found'`);
    this.#endGone = db.prepare("UPDATE uploads SET state = 'gone' WHERE upload_id = ? AND state = 'found'");
    this.#postpone = db.prepare("DELETE FROM uploads WHERE upload_id = ? AND state = 'found'");
  }

  /** Whether entering a file would change nothing. */
  isEntered({ root, path, size, mtimeNs }: FileVersion): boolean {
    return this.#isEntered.get(root, path, size, mtimeNs) !== undefined;
  }

  /**
   * Enters a file. One that is still waiting under its path has grown and stays the same upload; one that went away
   * before its turn and is back waits again. False where it was entered before.
   */
  enter(file: SeenFile): boolean {
    const { root, path, size, mtimeNs } = file;
    if (this.#grow.run({ root, path, size, mtimeNs }).changes > 0) return false;
    if (this.#comeBack.run({ root, path, size, mtimeNs }).changes > 0) return true;
    return this.#insert.run(file).changes === 1;
  }

  /** The oldest file of the camera whose turn it is. */
  next({ root, sinceNs, after, except }: NextFile): FoundFile | undefined {
    return this.#next.get({ root, sinceNs, after, except: JSON.stringify([...except]) });
  }

  /** How many files wait in a root; 3 ms for 100,000. */
  count(root: string): number {
    return this.#count.get(root) ?? 0;
  }

  /**
   * Turns a file into an upload that goes on to the next node, with the content that it has now. False where that is
   * known as another upload, and this one is gone.
   */
  hand(upload: Upload, file: FileVersion): boolean {
    return this.#endAs(file, {
      uploadId: upload.upload_id,
      state: "handed",
      cameraId: upload.camera_id,
      sha256: upload.sha256,
      capturedAt: upload.captured_at,
      receivedAt: upload.received_at,
      reason: null,
    });
  }

  /** Rejects a file; the answer is as of `hand`. */
  reject(uploadId: string, file: FileVersion, rejection: Rejection): boolean {
    return this.#endAs(file, { uploadId, state: "rejected", sha256: null, capturedAt: null, ...rejection });
  }

  /** The file went away before its turn; it is taken after all when the same version is back. */
  gone(uploadId: string): void {
    this.#endGone.run(uploadId);
  }

  /** Takes a file out that cannot be taken now: the next scan enters it again. */
  postpone(uploadId: string): void {
    this.#postpone.run(uploadId);
  }

  #endAs(
    { root, path, size, mtimeNs }: FileVersion,
    end: { uploadId: string } & Record<string, string | null>,
  ): boolean {
    if (this.#isAnother.get({ root, path, size, mtimeNs, uploadId: end.uploadId }) === undefined) {
      return this.#end.run({ ...end, size, mtimeNs }).changes === 1;
    }
    this.#endGone.run(end.uploadId);
    return false;
  }
}
