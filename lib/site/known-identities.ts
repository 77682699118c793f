/** Those whom a site recognises: what the store knows of them, and their looks in memory, in step with it. */
import type { Direction } from "../context/reid/direction.ts";
import { type Candidate, Gallery } from "../context/reid/gallery.ts";
import { lookOf } from "../context/reid/look.ts";
import type { IdentityKind } from "../domain/identity.ts";
import type { Identities, ModelSpace } from "../store/identities.ts";
import type { Site } from "./site.ts";
import type { Tables } from "./stage.ts";

/** So many are remembered; then those go first that nobody has named and that have not been seen for longest. */
const MOST_IDENTITIES = 50_000;

const ofSite = new WeakMap<Site, KnownIdentities>();

type NewIdentity = Parameters<Identities["create"]>[0];

export class KnownIdentities {
  readonly #store: Site["store"];
  readonly #most: number;
  /** By kind and model, as they are asked for. */
  readonly #galleries = new Map<string, { readonly space: ModelSpace; readonly gallery: Gallery }>();
  /** How many there are. After a transaction that failed it is off by those of that one. */
  #count: number | null = null;

  constructor(store: Site["store"], most = MOST_IDENTITIES) {
    this.#store = store;
    this.#most = most;
  }

  /** Those of a site, which all its nodes share. */
  static of(site: Site): KnownIdentities {
    const known = ofSite.get(site) ?? new KnownIdentities(site.store);
    ofSite.set(site, known);
    return known;
  }

  /** For each of some directions who of this model's is like it by `least` or more, the most alike first. */
  alike(kind: IdentityKind, modelId: string, directions: readonly Direction[], least: number): Candidate[][] {
    const [first] = directions;
    if (!first) return [];
    return this.#gallery({ kind, model_id: modelId, size: first.length }).alike(directions, least);
  }

  /** Makes the looks of one anew of its appearances, for all models. */
  renew({ appearances, identities, afterCommit }: Tables, identityId: string): void {
    const kind = identities.get(identityId)?.kind;
    if (!kind) return;
    const byModel = Map.groupBy(appearances.vectorsOf(identityId), ({ model_id }) => model_id);
    for (const model_id of new Set([...byModel.keys(), ...identities.modelsOf(identityId)])) {
      const rows = byModel.get(model_id) ?? [];
      // Of a model that has changed and kept its name, the vectors of the latest length count.
      const size = rows.at(-1)?.vector.length ?? 0;
      const seen = rows
        .filter(({ vector }) => vector.length === size)
        .map(({ role, vector }) => ({ role, direction: directionIn(vector) }));
      const look = lookOf(seen);
      identities.setLook(identityId, model_id, look && bytesOf(look));
      afterCommit(() => this.#put({ kind, model_id, size }, identityId, look));
    }
  }

  /** Enters somebody new. Where there is no room, one of those goes who are of the least use, and not `spared`. */
  create(tables: Tables, row: NewIdentity, at: string, spared: ReadonlySet<string> = new Set()): void {
    const { identities } = tables;
    this.#count ??= identities.count();
    if (this.#count >= this.#most) {
      const [useless] = identities.leastUseful(spared.size + 1).filter((identityId) => !spared.has(identityId));
      if (useless !== undefined) this.forget(tables, useless);
    }
    identities.create(row, at);
    this.#count += 1;
  }

  /** Deletes one, and all that shows what it looks like. */
  forget(tables: Tables, identityId: string): void {
    tables.identities.forget(identityId);
    this.#left(tables, identityId);
  }

  /** Makes two of a kind one. */
  merge(tables: Tables, from: string, into: string): void {
    tables.identities.merge(from, into);
    this.#left(tables, from);
    this.renew(tables, into);
  }

  #left({ afterCommit }: Tables, identityId: string): void {
    if (this.#count !== null) this.#count -= 1;
    afterCommit(() => {
      for (const { gallery } of this.#galleries.values()) gallery.remove(identityId);
    });
  }

  #gallery(space: ModelSpace): Gallery {
    const known = this.#galleries.get(keyOf(space));
    if (known) return known.gallery;
    const gallery = new Gallery(space.size);
    for (const { identity_id, vector } of this.#store.identities.looks(space))
      gallery.put(identity_id, directionIn(vector));
    this.#galleries.set(keyOf(space), { space, gallery });
    return gallery;
  }

  #put(space: ModelSpace, identityId: string, look: Direction | null): void {
    for (const { space: other, gallery } of this.#galleries.values()) {
      if (other.kind !== space.kind || other.model_id !== space.model_id) continue;
      if (look && other.size === space.size) gallery.put(identityId, look);
      else gallery.remove(identityId);
    }
  }
}

/** The codes of a direction as they are stored. */
export function bytesOf({ buffer, byteOffset, byteLength }: Direction): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function directionIn({ buffer, byteOffset, byteLength }: Uint8Array): Direction {
  return new Int8Array(buffer, byteOffset, byteLength);
}

function keyOf({ kind, model_id, size }: ModelSpace): string {
  return JSON.stringify([kind, model_id, size]);
}
