/** Tables `identities` (who is recognised), `identity_cameras`, `plates` and `looks` (one vector for each model). */
import type { Database } from "better-sqlite3";
import { z } from "zod";
import type { IdentityKind, Trust } from "../domain/identity.ts";

export interface IdentityRow {
  readonly identity_id: string;
  readonly kind: IdentityKind;
  readonly name: string | null;
  readonly trust: Trust;
  readonly first_seen_at: string;
  readonly last_seen_at: string;
  readonly times_seen: number;
}

/** A model's own space: vectors of others cannot be compared with its own. */
export interface ModelSpace {
  readonly kind: IdentityKind;
  readonly model_id: string;
  /** Bytes of a vector. */
  readonly size: number;
}

/** With what people need to tell them apart. */
export interface ListedIdentity extends IdentityRow {
  readonly cameras: readonly string[];
  readonly plates: readonly string[];
  readonly models: readonly string[];
}

/** When an identity becomes useless: having been seen twice as often makes up for a month. As the index has it. */
const USEFUL_UNTIL = "julianday(last_seen_at) + 30 * log2(max(times_seen, 1))";

const COLUMNS = "identity_id, kind, name, trust, first_seen_at, last_seen_at, times_seen";
const Strings = z.array(z.string());

interface ListedRow extends IdentityRow {
  readonly cameras: string;
  readonly plates: string;
  readonly models: string;
}

export class Identities {
  readonly #db;
  readonly #get;
  readonly #byPlate;
  readonly #byName;
  readonly #create;
  readonly #countVisit;
  readonly #countCamera;
  readonly #cameras;
  readonly #plates;
  readonly #models;
  readonly #setLook;
  readonly #dropLook;
  readonly #looks;
  readonly #namedElsewhere;
  readonly #rename;
  readonly #trust;
  readonly #addPlate;
  readonly #merge;
  readonly #forget;
  readonly #count;
  readonly #leastUseful;
  readonly #strangers;
  readonly #list;

  constructor(db: Database) {
    this.#db = db;
    this.#get = db.prepare<[string], IdentityRow>(`SELECT ${COLUMNS} FROM identities WHERE identity_id = ?`);
    this.#byPlate = db.prepare<[string], IdentityRow>(
      `SELECT ${COLUMNS} FROM plates JOIN identities USING(identity_id) WHERE plate = ?`,
    );
    this.#byName = db.prepare<[IdentityKind, string], IdentityRow>(
      `SELECT ${COLUMNS} FROM identities WHERE kind = ? AND name = ? COLLATE NOCASE AND name IS NOT NULL`,
    );
    this.#create = db.prepare<[IdentityRow]>(`
      INSERT INTO identities(${COLUMNS})
      VALUES(:identity_id, :kind, :name, :trust, :first_seen_at, :last_seen_at, :times_seen) ON CONFLICT DO NOTHING`);
    this.#countVisit = db.prepare<[{ identity_id: string; seen_at: string }]>(`
      UPDATE identities SET times_seen = times_seen + 1, first_seen_at = min(first_seen_at, :seen_at),
        last_seen_at = max(last_seen_at, :seen_at) WHERE identity_id = :identity_id`);
    this.#countCamera = db.prepare<[string, string]>(
      "INSERT INTO identity_cameras VALUES(?, ?, 1) ON CONFLICT DO UPDATE SET times_seen = times_seen + 1",
    );
    this.#cameras = db
      .prepare<[string], string>(
        "SELECT camera_id FROM identity_cameras WHERE identity_id = ? ORDER BY times_seen DESC, camera_id",
      )
      .pluck();
    this.#plates = db
      .prepare<[string], string>("SELECT plate FROM plates WHERE identity_id = ? ORDER BY plate")
      .pluck();
    this.#models = db.prepare<[string], string>("SELECT model_id FROM looks WHERE identity_id = ?").pluck();
    this.#setLook = db.prepare<[string, string, Uint8Array]>(
      "INSERT INTO looks VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET vector = excluded.vector",
    );
    this.#dropLook = db.prepare("DELETE FROM looks WHERE identity_id = ? AND model_id = ?");
    this.#looks = db.prepare<[ModelSpace], { identity_id: string; vector: Uint8Array }>(`
      SELECT identity_id, vector FROM looks JOIN identities USING(identity_id)
      WHERE kind = :kind AND model_id = :model_id AND length(vector) = :size`);
    this.#namedElsewhere = db
      .prepare<[ModelSpace], string>(`
      SELECT name FROM identities i WHERE kind = :kind AND name IS NOT NULL
        AND EXISTS(SELECT 1 FROM looks l WHERE l.identity_id = i.identity_id)
        AND NOT EXISTS(SELECT 1 FROM looks l WHERE l.identity_id = i.identity_id AND model_id = :model_id
          AND length(vector) = :size)
      ORDER BY name`)
      .pluck();
    this.#rename = db.prepare("UPDATE identities SET name = ? WHERE identity_id = ?");
    this.#trust = db.prepare("UPDATE identities SET trust = ? WHERE identity_id = ?");
    this.#addPlate = db.prepare(
      "INSERT INTO plates VALUES(?, ?) ON CONFLICT DO UPDATE SET identity_id = excluded.identity_id",
    );
    this.#merge = [
      `UPDATE identities SET first_seen_at = min(identities.first_seen_at, f.first_seen_at),
        last_seen_at = max(identities.last_seen_at, f.last_seen_at), times_seen = identities.times_seen + f.times_seen,
        name = coalesce(identities.name, f.name),
        trust = CASE identities.trust WHEN 'unknown' THEN f.trust ELSE identities.trust END
      FROM identities f WHERE f.identity_id = :from AND identities.identity_id = :into`,
      `INSERT INTO identity_cameras SELECT :into, camera_id, times_seen FROM identity_cameras
        WHERE identity_id = :from ON CONFLICT DO UPDATE SET times_seen = times_seen + excluded.times_seen`,
      "UPDATE plates SET identity_id = :into WHERE identity_id = :from",
      "UPDATE appearances SET identity_id = :into WHERE identity_id = :from",
    ].map((sql) => db.prepare<[{ from: string; into: string }]>(sql));
    this.#forget = db.prepare("DELETE FROM identities WHERE identity_id = ?");
    this.#count = db.prepare<[], number>("SELECT count(*) FROM identities").pluck();
    this.#leastUseful = db
      .prepare<[number], string>(`
      SELECT identity_id FROM identities WHERE name IS NULL AND trust = 'unknown'
      ORDER BY ${USEFUL_UNTIL} LIMIT ?`)
      .pluck();
    this.#strangers = db
      .prepare<[string, string, number], string>(`
      SELECT identity_id FROM identities
      WHERE identity_id > ? AND name IS NULL AND trust = 'unknown' AND last_seen_at < ? ORDER BY identity_id LIMIT ?`)
      .pluck();
    this.#list = db.prepare<[{ search: string | null; most: number }], ListedRow>(`
      SELECT ${COLUMNS},
        (SELECT json_group_array(camera_id) FROM identity_cameras c WHERE c.identity_id = i.identity_id) AS cameras,
        (SELECT json_group_array(plate) FROM plates p WHERE p.identity_id = i.identity_id) AS plates,
        (SELECT json_group_array(model_id) FROM looks l WHERE l.identity_id = i.identity_id) AS models
      FROM identities i WHERE :search IS NULL OR identity_id = :search OR name = :search COLLATE NOCASE
      ORDER BY name IS NULL, name COLLATE NOCASE, last_seen_at DESC, identity_id LIMIT :most`);
  }

  get(identityId: string): IdentityRow | undefined {
    return this.#get.get(identityId);
  }

  /** Plates as `plateOf` makes them. */
  byPlate(plate: string): IdentityRow | undefined {
    return this.#byPlate.get(plate);
  }

  /** Those of a name, in any case of ASCII letters. */
  byName(kind: IdentityKind, name: string): IdentityRow[] {
    return this.#byName.all(kind, name);
  }

  camerasOf(identityId: string): string[] {
    return this.#cameras.all(identityId);
  }

  platesOf(identityId: string): string[] {
    return this.#plates.all(identityId);
  }

  /** Enters one that nobody has seen yet, unless it is known. */
  create(row: Pick<IdentityRow, "identity_id" | "kind"> & Partial<IdentityRow>, at: string): void {
    this.#create.run({ name: null, trust: "unknown", first_seen_at: at, last_seen_at: at, times_seen: 0, ...row });
  }

  /** The models that know its look. */
  modelsOf(identityId: string): string[] {
    return this.#models.all(identityId);
  }

  /** Counts one more batch in which a camera has seen it. */
  visited(identity_id: string, { camera_id, seen_at }: { camera_id: string; seen_at: string }): void {
    this.#countVisit.run({ identity_id, seen_at });
    this.#countCamera.run(identity_id, camera_id);
  }

  /** What an identity is recognised by; null: by nothing any more. */
  setLook(identityId: string, modelId: string, vector: Uint8Array | null): void {
    if (vector) this.#setLook.run(identityId, modelId, vector);
    else this.#dropLook.run(identityId, modelId);
  }

  /** All looks that can be compared. */
  looks(space: ModelSpace): IterableIterator<{ identity_id: string; vector: Uint8Array }> {
    return this.#looks.iterate(space);
  }

  /** Names of those whose look is known, but not to this model. */
  namedElsewhere(space: ModelSpace): string[] {
    return this.#namedElsewhere.all(space);
  }

  setName(identityId: string, name: string | null): void {
    this.#rename.run(name, identityId);
  }

  setTrust(identityId: string, trust: Trust): void {
    this.#trust.run(trust, identityId);
  }

  /** A plate belongs to one. */
  addPlate(plate: string, identityId: string): void {
    this.#addPlate.run(plate, identityId);
  }

  /** Makes two one, which keeps the name and the trust that it has, if any. Its looks are to be set anew. */
  merge(from: string, into: string): void {
    for (const step of this.#merge) step.run({ from, into });
    this.forget(from);
  }

  /** Deletes all that is known of one, and overwrites where it was. */
  forget(identityId: string): void {
    this.#db.pragma("secure_delete = ON");
    try {
      this.#forget.run(identityId);
    } finally {
      this.#db.pragma("secure_delete = OFF");
    }
  }

  count(): number {
    return this.#count.get() ?? 0;
  }

  /** Those that nobody has named or judged, which were seen longest ago; often seen ones stay longer. */
  leastUseful(most: number): string[] {
    return this.#leastUseful.all(most);
  }

  /** The next behind an id of those that nobody has named or judged, and that were not seen since a time (ISO). */
  strangers(after: string, before: string, most: number): string[] {
    return this.#strangers.all(after, before, most);
  }

  /** Named ones first, then those seen last. `search`: an id or a name; null: all. */
  list(search: string | null, most: number): ListedIdentity[] {
    return this.#list.all({ search, most }).map(({ cameras, plates, models, ...row }) => ({
      ...row,
      cameras: Strings.parse(JSON.parse(cameras)),
      plates: Strings.parse(JSON.parse(plates)),
      models: Strings.parse(JSON.parse(models)),
    }));
  }
}
