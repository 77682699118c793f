/** The commands with which people say who is who: for `msg.command` of `enrich`. */
import { z } from "zod";
import { Plate, Trust } from "../domain/identity.ts";
import { deriveId, RecordId } from "../domain/ids.ts";
import { toIso } from "../domain/time.ts";
import { InputError } from "../resilience/errors.ts";
import type { AppearanceRow } from "../store/appearances.ts";
import type { IdentityRow, ListedIdentity } from "../store/identities.ts";
import type { Command } from "./behaviour.ts";
import { KnownIdentities } from "./known-identities.ts";
import { parsePayload } from "./parse-payload.ts";
import type { Site } from "./site.ts";
import type { Tables } from "./stage.ts";

const EntityId = z.string("must be an entity_id").trim().pipe(RecordId);
const Name = z.string("must be a name").trim().min(1, "must not be empty").max(64, "must have 64 characters at most");

/** Nothing, or whom to look for and how many to list. */
const Listing = z.union(
  [
    z.literal(["", undefined]).transform(() => ({ search: undefined, most: 100 })),
    z.object({ search: z.string().optional(), most: z.int().min(1).max(1_000).default(100) }),
  ],
  { error: 'must be empty, or {"search": "name or entity_id", "most": …} with a whole number from 1 to 1000' },
);
const Enrolling = z
  .object({
    name: Name,
    trust: Trust.default("trusted"),
    detection_id: RecordId.optional(),
    event_id: RecordId.optional(),
  })
  .refine(
    ({ detection_id, event_id }) => (detection_id === undefined) !== (event_id === undefined),
    "must name either a detection_id or an event_id",
  );
const Naming = z.object({ entity_id: EntityId, name: Name.nullable() });
const Trusting = z.union([
  EntityId.transform((entity_id) => ({ entity_id, trust: undefined })),
  z.object({ entity_id: EntityId, trust: Trust.optional() }),
]);
const Merging = z.object({ from: EntityId, into: EntityId });
const Registering = z.object({ plate: Plate, name: Name, trust: Trust.default("trusted") });

type CommandName = "entities" | "enrol" | "name" | "trust" | "untrust" | "forget" | "merge" | "register_plate";

export function identityCommands(site: Site): Readonly<Record<CommandName, Command>> {
  const known = KnownIdentities.of(site);
  /** Changes one in a transaction that reaches the disk, and tells what it is then. */
  const change = (work: (tables: Tables) => string): ListedIdentity | undefined =>
    site.store.durableTransaction((tables) => {
      const identityId = work(tables);
      return tables.identities.list(identityId, 1)[0];
    });
  const setTrust = (payload: unknown, otherwise: Trust) => {
    const { entity_id, trust = otherwise } = parsePayload(Trusting, payload);
    return change((tables) => {
      tables.identities.setTrust(one(tables, entity_id).identity_id, trust);
      return entity_id;
    });
  };
  return {
    entities: (payload) => {
      const { search = null, most } = parsePayload(Listing, payload);
      const { identities } = site.store;
      return { count: identities.count(), entities: identities.list(search, most) };
    },
    enrol: (payload) => {
      const asked = parsePayload(Enrolling, payload);
      return change((tables) => enrol(tables, appearanceOf(tables, asked), asked, known));
    },
    name: (payload) => {
      const { entity_id, name } = parsePayload(Naming, payload);
      return change((tables) => {
        const { kind } = one(tables, entity_id);
        const other = name === null ? undefined : tables.identities.byName(kind, name)[0];
        if (other && other.identity_id !== entity_id) {
          throw new InputError(
            "NAME_TAKEN",
            `There is a ${kind} "${name}" already, ${other.identity_id}: merge the two`,
          );
        }
        tables.identities.setName(entity_id, name);
        return entity_id;
      });
    },
    trust: (payload) => setTrust(payload, "trusted"),
    untrust: (payload) => setTrust(payload, "untrusted"),
    forget: (payload) => {
      const entity_id = parsePayload(EntityId, payload);
      site.store.durableTransaction((tables) => known.forget(tables, one(tables, entity_id).identity_id));
      return { forgotten: entity_id };
    },
    merge: (payload) => {
      const { from, into } = parsePayload(Merging, payload);
      return change((tables) => {
        const [{ kind }, other] = [one(tables, from), one(tables, into)];
        if (kind !== other.kind || from === into) {
          throw new InputError("CANNOT_MERGE", `${from} and ${into} must be two persons, or two vehicles`);
        }
        known.merge(tables, from, into);
        return into;
      });
    },
    register_plate: (payload) => {
      const { plate, name, trust } = parsePayload(Registering, payload);
      return change((tables) => {
        const { identities } = tables;
        const owner = identities.byPlate(plate) ?? identities.byName("vehicle", name)[0];
        const identity_id = owner?.identity_id ?? deriveId("identity", "plate", plate);
        if (!owner) known.create(tables, { identity_id, kind: "vehicle" }, toIso(site.clock.now()));
        identities.addPlate(plate, identity_id);
        identities.setName(identity_id, name);
        identities.setTrust(identity_id, trust);
        return identity_id;
      });
    },
  };
}

function one({ identities }: Tables, entityId: string): IdentityRow {
  const row = identities.get(entityId);
  if (row) return row;
  throw new InputError("NO_SUCH_ENTITY", `There is no entity "${entityId}"; the command "entities" lists them`);
}

/** What is meant by a detection, or by an event that shows one only. */
function appearanceOf(
  { appearances, identities, events }: Tables,
  { detection_id, event_id }: Pick<z.infer<typeof Enrolling>, "detection_id" | "event_id">,
): AppearanceRow {
  if (detection_id !== undefined) {
    const shown = appearances.showing(detection_id);
    if (shown) return shown;
    throw new InputError("NOT_RECOGNISED", `The detection "${detection_id}" is not among those that were looked at`);
  }
  const event = events.get(event_id ?? "");
  if (!event) throw new InputError("NO_SUCH_EVENT", `There is no event "${event_id}" in this site's store`);
  const shown = appearances.ofBatch(event.batch_id);
  const owners = new Set(shown.map(({ identity_id }) => identity_id));
  const [best] = shown.toSorted((a, b) => Number(b.vector !== null) - Number(a.vector !== null));
  if (best && owners.size === 1) return best;
  const ids = shown.map(({ appearance_id, identity_id }) => `${appearance_id} (${identities.get(identity_id)?.kind})`);
  throw new InputError(
    "WHICH_ONE",
    `The event "${event_id}" shows ${owners.size || "nobody"} that was looked at; name one detection_id: ${ids.join(", ") || "none"}`,
  );
}

/** Says who an appearance shows. Whoever it was taken for becomes the same one, unless people had named that otherwise. */
function enrol(
  tables: Tables,
  appearance: AppearanceRow,
  { name, trust }: { name: string; trust: Trust },
  known: KnownIdentities,
): string {
  const { appearances, identities } = tables;
  const before = one(tables, appearance.identity_id);
  const isSomebodyElse = before.name !== null && before.name.toLowerCase() !== name.toLowerCase();
  if (appearance.vector === null && isSomebodyElse) {
    throw new InputError(
      "NO_LOOK",
      `What ${appearance.appearance_id} looked like is not kept any more: take a later one`,
    );
  }
  const named = identities.byName(before.kind, name)[0]?.identity_id;
  const fresh = isSomebodyElse ? deriveId("identity", appearance.appearance_id, name) : before.identity_id;
  const identityId = named ?? fresh;
  if (!identities.get(identityId)) {
    known.create(tables, { identity_id: identityId, kind: before.kind }, appearance.seen_at);
  }
  if (before.identity_id !== identityId && !isSomebodyElse) known.merge(tables, before.identity_id, identityId);
  appearances.reassign(appearance, identityId, "enrolled");
  identities.setName(identityId, name);
  identities.setTrust(identityId, trust);
  for (const changed of [before.identity_id, identityId]) known.renew(tables, changed);
  return identityId;
}
