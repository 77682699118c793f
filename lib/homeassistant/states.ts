/** The states of a few entities, as Home Assistant sends them: what there is first, then what has changed. */
import { z } from "zod";
import { EntityId } from "./entity-id.ts";

/** One entity, as far as anybody here wants to know it. */
export interface EntityState {
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const Attributes = z.record(z.string(), z.unknown());
const Change = z.object({
  "+": z.object({ s: z.string().optional(), a: Attributes.optional() }).optional(),
  "-": z.object({ a: z.array(z.string()).optional() }).optional(),
});
/** An event of `subscribe_entities`: added, changed and removed entities, with the short names that it has for all. */
const StatesEvent = z.object({
  a: z.record(EntityId, z.object({ s: z.string(), a: Attributes.default({}) })).optional(),
  c: z.record(EntityId, Change).optional(),
  r: z.array(EntityId).optional(),
});

/** What an event makes of the states. Throws a ZodError where it is none. */
export function applyStates(states: ReadonlyMap<string, EntityState>, event: unknown): Map<string, EntityState> {
  const { a: added = {}, c: changed = {}, r: removed = [] } = StatesEvent.parse(event);
  const next = new Map(states);
  for (const [id, { s, a }] of Object.entries(added)) next.set(id, { state: s, attributes: a });
  for (const [id, change] of Object.entries(changed)) {
    const before = next.get(id);
    if (before) next.set(id, changedState(before, change));
  }
  for (const id of removed) next.delete(id);
  return next;
}

function changedState({ state, attributes }: EntityState, { "+": set, "-": unset }: z.infer<typeof Change>) {
  const gone = new Set(unset?.a);
  const kept = Object.entries(attributes).filter(([name]) => !gone.has(name));
  return { state: set?.s ?? state, attributes: { ...Object.fromEntries(kept), ...set?.a } };
}
