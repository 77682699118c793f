/** Tables `views` and `watches`: what each camera looks at when nothing is wrong, and what its last pictures were like. */
import type { Database } from "better-sqlite3";
import type { View, ViewState, Watch } from "../domain/view.ts";

type ViewRow = Omit<View, "levels"> & { readonly levels: Buffer };

/** By light and shape; pictures of ever new shapes must not fill the store. */
const MOST_VIEWS = 6;

export class Views {
  readonly #ofShape;
  readonly #votes;
  readonly #keep;
  readonly #drop;
  readonly #forgetViews;
  readonly #watch;
  readonly #watches;
  readonly #setWatch;
  readonly #repeat;
  readonly #tell;
  readonly #forgetWatch;

  constructor(db: Database) {
    this.#ofShape = db.prepare<[Pick<View, "camera_id" | "width" | "height">], ViewRow>(
      "SELECT * FROM views WHERE camera_id = :camera_id AND width = :width AND height = :height",
    );
    this.#votes = db.prepare<[string], number | null>("SELECT max(votes) FROM views WHERE camera_id = ?").pluck();
    this.#keep = db.prepare<[ViewRow]>(`
      INSERT INTO views VALUES(:camera_id, :light, :width, :height, :levels, :votes, :learnt_ms)
      ON CONFLICT DO UPDATE SET levels = excluded.levels, votes = excluded.votes, learnt_ms = excluded.learnt_ms`);
    this.#drop = db.prepare<[string, string]>(`
      DELETE FROM views WHERE camera_id = ? AND rowid NOT IN (
        SELECT rowid FROM views WHERE camera_id = ? ORDER BY learnt_ms DESC LIMIT ${MOST_VIEWS})`);
    this.#forgetViews = db.prepare<[string]>("DELETE FROM views WHERE camera_id = ?");
    this.#watch = db.prepare<[string], Watch>("SELECT * FROM watches WHERE camera_id = ?");
    this.#watches = db.prepare<[], Watch>("SELECT * FROM watches ORDER BY camera_id");
    this.#setWatch = db.prepare<[Watch]>(`
      INSERT OR REPLACE INTO watches VALUES(:camera_id, :last_at, :blocked, :moved, :defocused, :differs_ms, :repeats,
        :repeats_ms, :repeated_ms, :sha256, :middle, :day_ms, :told)`);
    this.#repeat = db.prepare<[{ camera_id: string; sha256: string; captured_at: string; now: number }]>(`
      UPDATE watches SET last_at = :captured_at, repeats = repeats + 1, repeated_ms = :now
      WHERE camera_id = :camera_id AND sha256 = :sha256 AND last_at < :captured_at`);
    this.#tell = db.prepare<[ViewState | null, string]>("UPDATE watches SET told = ? WHERE camera_id = ?");
    this.#forgetWatch = db.prepare<[string]>("DELETE FROM watches WHERE camera_id = ?");
  }

  /** The views of a camera's pictures of one shape. */
  ofShape(of: Pick<View, "camera_id" | "width" | "height">): View[] {
    const { camera_id, width, height } = of;
    return this.#ofShape.all({ camera_id, width, height }).map(({ levels, ...row }) => {
      // A buffer of SQLite's need not lie where numbers of two bytes may.
      const bytes = new Uint8Array(levels);
      return { ...row, levels: new Uint16Array(bytes.buffer, 0, bytes.length >> 1) };
    });
  }

  /** The votes for the best known of a camera's views; 0 where it has none. */
  votesFor(cameraId: string): number {
    return this.#votes.get(cameraId) ?? 0;
  }

  keep(view: View): void {
    const { buffer, byteOffset, byteLength } = view.levels;
    this.#keep.run({ ...view, levels: Buffer.from(buffer, byteOffset, byteLength) });
    this.#drop.run(view.camera_id, view.camera_id);
  }

  watchOf(cameraId: string): Watch | null {
    return this.#watch.get(cameraId) ?? null;
  }

  watches(): Watch[] {
    return this.#watches.all();
  }

  setWatch(watch: Watch): void {
    this.#setWatch.run(watch);
  }

  /** A camera has sent content once more that nobody looks at again, where that is its last picture's. */
  repeat(upload: { camera_id: string; sha256: string; captured_at: string }, now: number): void {
    const { camera_id, sha256, captured_at } = upload;
    this.#repeat.run({ camera_id, sha256, captured_at, now });
  }

  /** People have been told of a state. */
  tell(cameraId: string, state: ViewState | null): void {
    this.#tell.run(state, cameraId);
  }

  /** Forgets a camera's views and what its pictures were like. */
  forget(cameraId: string): void {
    this.#forgetViews.run(cameraId);
    this.#forgetWatch.run(cameraId);
  }
}
