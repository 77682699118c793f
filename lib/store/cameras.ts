/** Table `cameras`: every camera that was ever seen, and which folder holds its id. */
import type { Database } from "better-sqlite3";
import { toIso, toMillis } from "../domain/time.ts";

/** When a camera was last heard of. */
export interface LastUpload {
  readonly camera_id: string;
  readonly at: string;
}

export class Cameras {
  readonly #know;
  readonly #claim;
  readonly #remove;
  readonly #removeSettings;
  readonly #folderOf;
  readonly #ids;
  readonly #hear;
  readonly #lastUpload;
  readonly #lastUploads;

  constructor(db: Database) {
    this.#know = db.prepare("INSERT INTO cameras(camera_id, first_seen_at) VALUES(?, ?) ON CONFLICT DO NOTHING");
    this.#claim = db.prepare(`
      INSERT INTO cameras(camera_id, folder, first_seen_at) VALUES(?, ?, ?)
      ON CONFLICT(camera_id) DO UPDATE SET folder = excluded.folder WHERE cameras.folder IS NULL OR ?`);
    this.#remove = db.prepare("DELETE FROM cameras WHERE camera_id = ?");
    this.#removeSettings = db.prepare("DELETE FROM settings WHERE scope = ?");
    this.#folderOf = db.prepare<[string], string | null>("SELECT folder FROM cameras WHERE camera_id = ?").pluck();
    this.#ids = db.prepare<[], string>("SELECT camera_id FROM cameras ORDER BY camera_id").pluck();
    this.#hear = db.prepare(
      "UPDATE cameras SET last_upload_at = :at WHERE camera_id = :cameraId AND coalesce(last_upload_at, '') < :minuteAgo",
    );
    const lastUpload = "SELECT camera_id, coalesce(last_upload_at, first_seen_at) AS at FROM cameras";
    this.#lastUpload = db.prepare<[string], LastUpload>(`${lastUpload} WHERE camera_id = ?`);
    this.#lastUploads = db.prepare<[], LastUpload>(`${lastUpload} ORDER BY camera_id`);
  }

  /** Enters a camera whose pictures come from elsewhere than a folder. False where it is known. */
  know(cameraId: string, firstSeenAt: string): boolean {
    return this.#know.run(cameraId, firstSeenAt).changes === 1;
  }

  /**
   * Enters a camera's folder; the answer is the folder that has the id, which is another one's where two fold to it.
   * With `takeOver` it is this one's from now on.
   */
  claim(cameraId: string, folder: string, firstSeenAt: string, takeOver: boolean): string {
    this.#claim.run(cameraId, folder, firstSeenAt, takeOver ? 1 : 0);
    return this.folderOf(cameraId) ?? folder;
  }

  /** Forgets a camera and what was set for it. False where it is not known. */
  remove(cameraId: string): boolean {
    this.#removeSettings.run(cameraId);
    return this.#remove.run(cameraId).changes === 1;
  }

  /** The folder of a camera; undefined for one that never had a folder. */
  folderOf(cameraId: string): string | undefined {
    return this.#folderOf.get(cameraId) ?? undefined;
  }

  ids(): string[] {
    return this.#ids.all();
  }

  /** A camera has sent something. Entered to the minute: a burst is not a row written for each picture. */
  hear(cameraId: string, at: string): void {
    this.#hear.run({ cameraId, at, minuteAgo: toIso(toMillis(at) - 60_000) });
  }

  /** When a camera sent something last; where it never has, when it became known. */
  lastUpload(cameraId: string): LastUpload | undefined {
    return this.#lastUpload.get(cameraId);
  }

  /** The same of all cameras. */
  lastUploads(): LastUpload[] {
    return this.#lastUploads.all();
  }
}
