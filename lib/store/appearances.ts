/** Table `appearances`: the latest times that each identity was seen, and what was seen then. */
import type { Database } from "better-sqlite3";
import type { Match } from "../domain/identity.ts";
import type { Identities } from "./identities.ts";

/** Somebody or something, for as long as a camera followed it in a batch. */
export interface AppearanceRow {
  readonly appearance_id: string;
  readonly identity_id: string;
  readonly batch_id: string;
  readonly camera_id: string;
  readonly seen_at: string;
  /** Ids of the detections that show it, as JSON. */
  readonly detections: string;
  readonly matched: Match;
  /** Null where it was not matched by look. */
  readonly similarity: number | null;
  /** Null where none was read. */
  readonly plate: string | null;
  /** Null where it was recognised by its plate, and nothing looked at it. */
  readonly model_id: string | null;
  readonly vector: Uint8Array | null;
  readonly role: "enrolled" | "sure" | "seen";
}

export interface VectorRow {
  readonly model_id: string;
  readonly role: AppearanceRow["role"];
  readonly vector: Uint8Array;
}

/** Appearances whose vectors a look is made of: the latest of each role. */
const VECTORS_OF_ROLE = 16;
/** Appearances of one identity that are kept: so long, a batch that comes again is not counted again. */
const KEPT_APPEARANCES = 200;

export class Appearances {
  readonly #identities: Identities;
  readonly #get;
  readonly #showing;
  readonly #inBatch;
  readonly #lastSeenBefore;
  readonly #ofBatch;
  readonly #add;
  readonly #count;
  readonly #dropVectors;
  readonly #drop;
  readonly #vectors;
  readonly #reassign;

  constructor(db: Database, identities: Identities) {
    this.#identities = identities;
    this.#get = db.prepare<[string], AppearanceRow>("SELECT * FROM appearances WHERE appearance_id = ?");
    this.#showing = db.prepare<[string], AppearanceRow>(
      "SELECT a.* FROM appearances a, json_each(a.detections) d WHERE d.value = ? LIMIT 1",
    );
    this.#inBatch = db
      .prepare<[string, string], number>("SELECT 1 FROM appearances WHERE batch_id = ? AND identity_id = ?")
      .pluck();
    this.#lastSeenBefore = db
      .prepare<[string, string], string>(
        "SELECT seen_at FROM appearances WHERE identity_id = ? AND seen_at < ? ORDER BY seen_at DESC LIMIT 1",
      )
      .pluck();
    this.#ofBatch = db.prepare<[string], AppearanceRow>(
      "SELECT * FROM appearances WHERE batch_id = ? ORDER BY appearance_id",
    );
    this.#add = db.prepare<[AppearanceRow]>(`
      INSERT INTO appearances(appearance_id, identity_id, batch_id, camera_id, seen_at, detections, matched, similarity,
        plate, model_id, vector, role)
      VALUES(:appearance_id, :identity_id, :batch_id, :camera_id, :seen_at, :detections, :matched, :similarity,
        :plate, :model_id, :vector, :role)`);
    this.#count = db.prepare<[string], number>("SELECT count(*) FROM appearances WHERE identity_id = ?").pluck();
    this.#dropVectors = db.prepare<[{ id: string; modelId: string; role: string }]>(`
      UPDATE appearances SET vector = NULL WHERE identity_id = :id AND vector IS NOT NULL AND model_id = :modelId
        AND role = :role AND appearance_id NOT IN (
          SELECT appearance_id FROM appearances WHERE identity_id = :id AND vector IS NOT NULL AND model_id = :modelId
            AND role = :role ORDER BY seen_at DESC, appearance_id LIMIT ${VECTORS_OF_ROLE})`);
    this.#drop = db.prepare<[{ id: string }]>(`
      DELETE FROM appearances WHERE role <> 'enrolled' AND appearance_id IN (
        SELECT appearance_id FROM appearances WHERE identity_id = :id
        ORDER BY seen_at DESC, appearance_id LIMIT -1 OFFSET ${KEPT_APPEARANCES})`);
    this.#vectors = db.prepare<[string], VectorRow>(`
      SELECT model_id, role, vector FROM appearances WHERE identity_id = ? AND vector IS NOT NULL
      ORDER BY seen_at, appearance_id`);
    this.#reassign = db.prepare("UPDATE appearances SET identity_id = ?, role = ? WHERE appearance_id = ?");
  }

  get(appearanceId: string): AppearanceRow | undefined {
    return this.#get.get(appearanceId);
  }

  /** The one that a detection shows; looks at all that are kept. */
  showing(detectionId: string): AppearanceRow | undefined {
    return this.#showing.get(detectionId);
  }

  /** Who was in a batch, as far as it is still known. */
  ofBatch(batchId: string): AppearanceRow[] {
    return this.#ofBatch.all(batchId);
  }

  /** When it was last seen before a time, as far as that is still known. */
  lastSeenBefore(identityId: string, time: string): string | undefined {
    return this.#lastSeenBefore.get(identityId, time);
  }

  /** Enters an appearance, which must be new. A batch counts once for one identity, however often that appears in it. */
  add(row: AppearanceRow): void {
    if (this.#inBatch.get(row.batch_id, row.identity_id) === undefined) this.#identities.visited(row.identity_id, row);
    this.#add.run(row);
    this.#tidy(row);
  }

  /** Says whose appearance it is, and how sure that is. */
  reassign(row: AppearanceRow, identityId: string, role: AppearanceRow["role"]): void {
    if (this.#inBatch.get(row.batch_id, identityId) === undefined) this.#identities.visited(identityId, row);
    this.#reassign.run(identityId, role, row.appearance_id);
    this.#tidy({ ...row, identity_id: identityId, role });
  }

  /** The vectors of the latest appearances, of all models, the earliest first. */
  vectorsOf(identityId: string): VectorRow[] {
    return this.#vectors.all(identityId);
  }

  /** Keeps what is kept of an identity within its limits, after a change to one of its appearances. */
  #tidy({ identity_id: id, model_id: modelId, role }: AppearanceRow): void {
    const count = this.#count.get(id) ?? 0;
    if (modelId !== null && count > VECTORS_OF_ROLE) this.#dropVectors.run({ id, modelId, role });
    if (count > KEPT_APPEARANCES) this.#drop.run({ id });
  }
}
