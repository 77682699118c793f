/** The ledger of uploads as retention looks at it: whose file may go, and whose row is of no more use. */
import { join } from "node:path";
import type { Database } from "better-sqlite3";
import type { UploadFacts } from "../domain/retention.ts";
import { toMillis } from "../domain/time.ts";
import { isFated, isOpen } from "./open-subjects.ts";
import type { RetainedBatches } from "./retained-batches.ts";

/** Where an upload's file is, and which version of it is meant. */
export interface UploadedFile {
  readonly root: string | null;
  readonly path: string;
  readonly size: number;
  readonly mtimeNs: bigint;
}

export interface UploadHead extends UploadedFile {
  readonly row: number;
  readonly upload_id: string;
  readonly camera_id: string | null;
  readonly received_at: string;
}

interface UploadRow extends Omit<UploadHead, "mtimeNs"> {
  /** As text: a number has no room for it. */
  readonly mtime_ns: string;
}

type FactsRow = Omit<UploadFacts, "events" | "open" | "accounted" | "inspected"> &
  Record<"open" | "accounted" | "inspected", number>;

const HEADS = 100;
const FILE_COLUMNS = "root, path, size, CAST(mtime_ns AS TEXT) AS mtime_ns";

export class RetainedUploads {
  readonly #batches: RetainedBatches;
  readonly #heads;
  readonly #oldest;
  readonly #file;
  readonly #facts;
  readonly #sharers;
  readonly #remove;
  readonly #removed;
  readonly #stills;

  constructor(db: Database, batches: RetainedBatches) {
    this.#batches = batches;
    // Downwards: a duplicate comes after its original, and holds it fast.
    this.#heads = db.prepare<[number], UploadRow>(`
      SELECT rowid AS row, upload_id, camera_id, received_at, ${FILE_COLUMNS} FROM uploads
      WHERE rowid < ? ORDER BY rowid DESC LIMIT ${HEADS}`);
    this.#oldest = db.prepare<[], string>("SELECT received_at FROM uploads ORDER BY rowid LIMIT 1").pluck();
    this.#file = db.prepare<[string], Omit<UploadedFile, "mtimeNs"> & { mtime_ns: string }>(
      `SELECT ${FILE_COLUMNS} FROM uploads WHERE upload_id = ?`,
    );
    const inspected = "EXISTS(SELECT 1 FROM inspections i WHERE i.upload_id = u.upload_id)";
    this.#facts = db.prepare<[string], FactsRow>(`
      SELECT upload_id, camera_id, state, received_at, removed_at, root, ${inspected} AS inspected,
        ${isOpen("u.upload_id")} OR original_id IS NOT NULL AND ${isOpen("u.original_id")} OR EXISTS(
          SELECT 1 FROM inspections i LEFT JOIN batch_inspections m USING(inspection_id) LEFT JOIN batches b USING(batch_id)
          WHERE i.upload_id = u.upload_id AND (${isOpen("i.inspection_id")} OR b.state = 'open' OR ${isOpen("b.batch_id")})
        ) AS open,
        state <> 'handed' OR ${inspected} OR ${isFated("u.upload_id")} AS accounted
      FROM uploads u WHERE upload_id = ?`);
    this.#sharers = db
      .prepare<[string], number>("SELECT count(*) FROM uploads WHERE root IS NULL AND path = ?")
      .pluck();
    this.#remove = db.prepare(`
      DELETE FROM uploads WHERE upload_id = ?
        AND NOT EXISTS(SELECT 1 FROM uploads d WHERE d.original_id = uploads.upload_id)`);
    this.#removed = db.prepare("UPDATE uploads SET removed_at = ? WHERE upload_id = ?");
    this.#stills = db.prepare("UPDATE inspections SET still_path = NULL WHERE upload_id = ? AND still_path = ?");
  }

  /** The next uploads in the table before a row, the last first. */
  before(row: number): UploadHead[] {
    return this.#heads.all(row).map(({ mtime_ns, ...head }) => ({ ...head, mtimeNs: BigInt(mtime_ns) }));
  }

  /** How long ago the first upload came that the ledger still has, in milliseconds. */
  oldestAge(now: number): number {
    const at = this.#oldest.get();
    return at === undefined ? 0 : now - toMillis(at);
  }

  file(uploadId: string): UploadedFile | undefined {
    const row = this.#file.get(uploadId);
    return row && { root: row.root, path: row.path, size: row.size, mtimeNs: BigInt(row.mtime_ns) };
  }

  facts(uploadId: string): UploadFacts | undefined {
    const row = this.#facts.get(uploadId);
    if (!row) return undefined;
    return {
      ...row,
      open: row.open === 1,
      accounted: row.accounted === 1,
      inspected: row.inspected === 1,
      events: this.#batches.eventsOf(uploadId),
    };
  }

  /** How many uploads that no watch found have their bytes in one file. */
  countSharers(path: string): number {
    return this.#sharers.get(path) ?? 0;
  }

  /** Notes that an upload's file has been deleted, or was found gone: it is nobody's picture any more. */
  markRemoved(uploadId: string, at: string): void {
    const file = this.file(uploadId);
    if (!file) return;
    this.#removed.run(at, uploadId);
    this.#stills.run(uploadId, file.root === null ? file.path : join(file.root, file.path));
  }

  /** Deletes the row of an upload that was not inspected. False where it has duplicates. */
  remove(uploadId: string): boolean {
    return this.#remove.run(uploadId).changes === 1;
  }
}
