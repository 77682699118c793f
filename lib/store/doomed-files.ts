/**
 * Table `doomed_files`: files that retention deletes, from before that until no row names them any more. What a process
 * that was killed has left in it is brought to an end by the next.
 */
import type { Database } from "better-sqlite3";
import type { DoomedFile } from "../domain/retention.ts";
import type { RetainedUploads } from "./retained-uploads.ts";

export class DoomedFiles {
  readonly #uploads: RetainedUploads;
  readonly #all;
  readonly #mark;
  readonly #unmark;
  readonly #paths;
  readonly #thumbnailOfEvents;
  readonly #forget;

  constructor(db: Database, uploads: RetainedUploads) {
    this.#uploads = uploads;
    this.#all = db.prepare<[], DoomedFile>("SELECT kind, id FROM doomed_files");
    this.#mark = db.prepare<[DoomedFile]>("INSERT INTO doomed_files VALUES(:kind, :id) ON CONFLICT DO NOTHING");
    this.#unmark = db.prepare<[DoomedFile]>("DELETE FROM doomed_files WHERE kind = :kind AND id = :id");
    const path = (column: string, table: string, key: string) =>
      db.prepare<[string], string | null>(`SELECT ${column} FROM ${table} WHERE ${key} = ?`).pluck();
    this.#paths = {
      still: path("still_path", "inspections", "inspection_id"),
      thumbnail: path("thumbnail_path", "inspections", "inspection_id"),
      picture: path("picture_path", "events", "event_id"),
    };
    this.#thumbnailOfEvents = db.prepare<[{ id: string }]>(`
      UPDATE events SET thumbnail_path = NULL
      WHERE batch_id IN (SELECT batch_id FROM batch_inspections WHERE inspection_id = :id)
        AND thumbnail_path = (SELECT thumbnail_path FROM inspections WHERE inspection_id = :id)`);
    this.#forget = {
      still: db.prepare<[string]>("UPDATE inspections SET still_path = NULL WHERE inspection_id = ?"),
      thumbnail: db.prepare<[string]>("UPDATE inspections SET thumbnail_path = NULL WHERE inspection_id = ?"),
      picture: db.prepare<[string]>("UPDATE events SET picture_path = NULL WHERE event_id = ?"),
    };
  }

  all(): DoomedFile[] {
    return this.#all.all();
  }

  /** To be run in a durable transaction, before the file is deleted. */
  mark(file: DoomedFile): void {
    this.#mark.run(file);
  }

  /** It was not deleted after all. */
  spare(file: DoomedFile): void {
    this.#unmark.run(file);
  }

  /** The path of a picture in the data folder, as its row has it; null where it names none any more. */
  pathOf({ kind, id }: DoomedFile): string | null {
    if (kind === "original" || kind === "inbox") return this.#uploads.file(id)?.path ?? null;
    return this.#paths[kind].get(id) ?? null;
  }

  /** The file is gone: no row names it from now on. */
  settle(file: DoomedFile, at: string): void {
    const { kind, id } = file;
    if (kind === "thumbnail") this.#thumbnailOfEvents.run({ id });
    if (kind === "original" || kind === "inbox") this.#uploads.markRemoved(id, at);
    else this.#forget[kind].run(id);
    this.#unmark.run(file);
  }
}
