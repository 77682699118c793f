/** By what an event is compared with others. */
import { z } from "zod";
import type { EventRecord, SecurityEvent } from "../domain/event.ts";
import type { Traits } from "../domain/feedback.ts";
import { kindOfLabel } from "../domain/labels.ts";
import { minuteOfDay } from "../domain/local-day.ts";

/** What `enrich` knows, of all that a user's own flow may have put there. */
const Known = z.object({
  zone_members: z.record(z.string(), z.unknown()).catch({}),
  entities: z.array(z.unknown()).catch([]),
});
const Entity = z.object({ entity_id: z.string() });

/** An event's traits; `timeZone` is its camera's. */
export function traitsOf(event: EventRecord & Pick<SecurityEvent, "context">, timeZone: string): Traits {
  const { zone_members, entities } = Known.parse(event.context ?? {});
  return {
    camera_id: event.camera_id,
    groups: sorted(event.labels.map(kindOfLabel)),
    zones: sorted(Object.keys(zone_members)),
    minute: minuteOfDay(event.started_at, timeZone),
    entities: sorted(entities.flatMap((entity) => Entity.safeParse(entity).data?.entity_id ?? [])),
  };
}

function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
