/** Enters into the store who was seen in a batch, and tells it: the part of re-identification that is one transaction. */
import { z } from "zod";
import type { Direction } from "../context/reid/direction.ts";
import { thresholdsOf } from "../context/reid/look.ts";
import { recognise } from "../context/reid/recognise.ts";
import { type Track, timeOf } from "../context/tracks.ts";
import type { Batch } from "../domain/batch.ts";
import { type IdentityKind, type KnownEntity, Plate, Trust } from "../domain/identity.ts";
import { deriveId, RecordId } from "../domain/ids.ts";
import { toIso } from "../domain/time.ts";
import type { AppearanceRow } from "../store/appearances.ts";
import type { IdentityRow } from "../store/identities.ts";
import { bytesOf, type KnownIdentities } from "./known-identities.ts";
import type { Tables } from "./stage.ts";

/** Somebody or something that a camera followed. */
export interface Seen {
  readonly track: Track;
  readonly kind: IdentityKind;
  /** Null where no model has looked. */
  readonly look: { readonly modelId: string; readonly direction: Direction } | null;
  /** Of a vehicle, as `plateOf` makes it; null where none was read. */
  readonly plate: string | null;
}

/** A vehicle of the household, as the form lists it. */
export const HouseholdVehicle = z.object({
  name: z.string().trim().min(1, "must not be empty").max(64),
  plate: Plate,
  trust: Trust.default("trusted"),
});
export type HouseholdVehicle = z.infer<typeof HouseholdVehicle>;

export interface IdentifyOptions {
  readonly known: KnownIdentities;
  /** From which similarity on two looks are of one; null: as the model has it. */
  readonly same: number | null;
  /** What people say of these plates holds, whatever else is known of them. */
  readonly vehicles: readonly HouseholdVehicle[];
  cameraName(cameraId: string): string;
  /** Hears whom nobody can recognise until they are enrolled with this model. */
  onElsewhere(names: readonly string[], modelId: string): void;
}

type Identified = Pick<AppearanceRow, "identity_id" | "matched" | "similarity" | "role">;

/** Similarities are told to so many decimals: the vectors' own precision. */
const DECIMALS = 3;
const DetectionIds = z.array(RecordId);

/** The entities of a batch. What has been entered before, with the same detections, is told as then and counts no more. */
export function identify(
  tables: Tables,
  { batch_id, camera_id, started_at }: Batch,
  seen: readonly Seen[],
  options: IdentifyOptions,
): KnownEntity[] {
  const { appearances, identities } = tables;
  const fresh = seen.filter(({ track: [first] }) => !appearances.get(first.detection_id));
  const entering = [...byPlate(tables, fresh), ...byLook(tables, fresh, options)];
  const here = new Set(entering.map(([, { identity_id }]) => identity_id));
  for (const [{ track, kind, look, plate }, identified] of entering) {
    const seen_at = toIso(Math.max(...track.map(timeOf)));
    const { identity_id } = identified;
    if (!identities.get(identity_id)) options.known.create(tables, { identity_id, kind }, seen_at, here);
    if (plate !== null) identities.addPlate(plate, identity_id);
    appearances.add({
      ...identified,
      appearance_id: track[0].detection_id,
      batch_id,
      camera_id,
      seen_at,
      detections: JSON.stringify(track.map(({ detection_id }) => detection_id)),
      plate,
      model_id: look?.modelId ?? null,
      vector: look && bytesOf(look.direction),
    });
    options.known.renew(tables, identity_id);
  }
  const rows = seen.flatMap(({ track: [first] }) => appearances.get(first.detection_id) ?? []);
  return [...Map.groupBy(rows, ({ identity_id }) => identity_id)].flatMap(([identityId, own]) => {
    const identity = identities.get(identityId);
    return identity ? [entityOf(tables, identity, own, started_at, options)] : [];
  });
}

/** A plate that was read decides, whatever the look. */
function byPlate({ identities }: Tables, seen: readonly Seen[]): [Seen, Identified][] {
  return seen.flatMap((each): [Seen, Identified][] => {
    const { plate } = each;
    if (plate === null) return [];
    const owner = identities.byPlate(plate);
    const identity_id = owner?.identity_id ?? deriveId("identity", "plate", plate);
    return [[each, { identity_id, matched: owner ? "plate" : "new", similarity: null, role: "sure" }]];
  });
}

function byLook({ identities }: Tables, seen: readonly Seen[], options: IdentifyOptions): [Seen, Identified][] {
  const looks = seen.flatMap((each) => (each.look && each.plate === null ? [{ ...each, look: each.look }] : []));
  const spaces = Map.groupBy(looks, ({ kind, look }) => JSON.stringify([kind, look.modelId, look.direction.length]));
  return [...spaces.values()].flatMap((own): [Seen, Identified][] => {
    const [{ kind, look } = {}] = own;
    if (!kind || !look) return [];
    const thresholds = thresholdsOf(look.modelId, options.same);
    const subjects = own.map(({ track, look: { direction } }) => ({ detections: track, direction }));
    const directions = subjects.map(({ direction }) => direction);
    const known = options.known.alike(kind, look.modelId, directions, thresholds.same);
    const found = recognise(subjects, known, thresholds.same);
    const elsewhere = found.some((each) => each && each.id === null)
      ? identities.namedElsewhere({ kind, model_id: look.modelId, size: look.direction.length })
      : [];
    if (elsewhere.length > 0) options.onElsewhere(elsewhere, look.modelId);
    return own.flatMap((each, index): [Seen, Identified][] => {
      const recognised = found[index];
      const first = recognised && own[recognised.like];
      if (!first) return [];
      const { id, similarity } = recognised;
      const role = similarity >= thresholds.sure ? "sure" : "seen";
      if (id !== null) return [[each, { identity_id: id, matched: "look", similarity, role }]];
      const identity_id = deriveId("identity", first.track[0].detection_id);
      return [[each, { identity_id, matched: elsewhere.length > 0 ? "enrol_again" : "new", similarity: null, role }]];
    });
  });
}

function entityOf(
  { appearances: known, identities }: Tables,
  { identity_id, kind, name, trust, first_seen_at, times_seen }: IdentityRow,
  appearances: readonly AppearanceRow[],
  started_at: string,
  { vehicles, cameraName }: IdentifyOptions,
): KnownEntity {
  const plates = identities.platesOf(identity_id);
  const listed = vehicles.find(({ plate }) => plates.includes(plate));
  const before = known.lastSeenBefore(identity_id, started_at);
  const [best] = appearances.toSorted((a, b) => (b.similarity ?? 0) - (a.similarity ?? 0));
  const byPlate = appearances.find(({ matched }) => matched === "plate");
  const plate = appearances.find((each) => each.plate !== null)?.plate;
  const shownName = listed?.name ?? name;
  return {
    entity_id: identity_id,
    kind,
    ...(shownName !== null && { name: shownName }),
    trust: listed?.trust ?? trust,
    match: byPlate?.matched ?? best?.matched ?? "new",
    ...(!byPlate && best?.similarity != null && { similarity: Number(best.similarity.toFixed(DECIMALS)) }),
    ...(plate && { plate }),
    first_seen_at,
    ...(before && { last_seen_at: before }),
    times_seen,
    cameras: identities.camerasOf(identity_id).map(cameraName),
    detection_ids: appearances.flatMap(({ detections }) => DetectionIds.parse(JSON.parse(detections))),
  };
}
