/** Table `cameras`: every camera that was ever seen, and which folder holds its id. */
import type { Database } from "better-sqlite3";

export class Cameras {
  readonly #know;
  readonly #claim;
  readonly #folderOf;
  readonly #ids;

  constructor(db: Database) {
    this.#know = db.prepare("INSERT INTO cameras VALUES(?, NULL, ?) ON CONFLICT DO NOTHING");
    this.#claim = db.prepare(`
      INSERT INTO cameras VALUES(?, ?, ?)
      ON CONFLICT(camera_id) DO UPDATE SET folder = excluded.folder WHERE cameras.folder IS NULL OR ?`);
    this.#folderOf = db.prepare<[string], string | null>("SELECT folder FROM cameras WHERE camera_id = ?").pluck();
    this.#ids = db.prepare<[], string>("SELECT camera_id FROM cameras ORDER BY camera_id").pluck();
  }

  /** Enters a camera whose pictures come from elsewhere than a folder, unless it is known. */
  know(cameraId: string, firstSeenAt: string): void {
    this.#know.run(cameraId, firstSeenAt);
  }

  /**
   * Enters a camera's folder; the answer is the folder that has the id, which is another one's where two fold to it.
   * With `takeOver` it is this one's from now on.
   */
  claim(cameraId: string, folder: string, firstSeenAt: string, takeOver: boolean): string {
    this.#claim.run(cameraId, folder, firstSeenAt, takeOver ? 1 : 0);
    return this.folderOf(cameraId) ?? folder;
  }

  /** The folder of a camera; undefined for one that never had a folder. */
  folderOf(cameraId: string): string | undefined {
    return this.#folderOf.get(cameraId) ?? undefined;
  }

  ids(): string[] {
    return this.#ids.all();
  }
}
