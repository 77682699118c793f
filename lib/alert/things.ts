/** What an event shows, thing by thing, with all that `enrich` knows of each: what rules ask of one and the same detection. */
import { z } from "zod";
import type { SecurityEvent } from "../domain/event.ts";
import { Trust } from "../domain/identity.ts";
import { kindOfLabel } from "../domain/labels.ts";

export interface Thing {
  readonly label: string;
  /** 0 to 1; null where an event from elsewhere tells labels only. */
  readonly confidence: number | null;
  /** The zones that it is in, with how many seconds one of its kind has stayed there; null where nobody knows. */
  readonly zones: ReadonlyMap<string, number | null>;
  /** What the baseline says of its kind; null where nobody has asked. */
  readonly usual: string | null;
  readonly trust: Trust;
}

/** As `enrich` has found it out, or the user's own flow; what makes no sense is not known. */
const Context = z.object({
  zone_members: z.record(z.string(), z.array(z.string())).catch({}),
  zone_stays: z.record(z.string(), z.record(z.string(), z.number())).catch({}),
  baseline: z.array(z.object({ kind: z.string(), verdict: z.string() })).catch([]),
  entities: z.array(z.unknown()).catch([]),
});
const Entity = z.object({ trust: Trust, detection_ids: z.array(z.string()) });

/** An event from elsewhere may have labels and no detections: then it shows one thing for each label, of which no more is known. */
export function thingsOf({ detections, labels, context }: SecurityEvent): Thing[] {
  const { zone_members, zone_stays, baseline, entities } = Context.parse(context ?? {});
  const known = entities.flatMap((entity) => Entity.safeParse(entity).data ?? []);
  const usualOf = (label: string) => baseline.find(({ kind }) => kind === kindOfLabel(label))?.verdict ?? null;
  if (detections.length === 0) {
    return labels.map((label) => ({ ...NOTHING_KNOWN, label, usual: usualOf(label) }));
  }
  return detections.map(({ detection_id, label, confidence }) => {
    const zones = Object.keys(zone_members).filter((zone) => zone_members[zone]?.includes(detection_id));
    return {
      label,
      confidence,
      zones: new Map(zones.map((zone) => [zone, zone_stays[zone]?.[kindOfLabel(label)] ?? null])),
      usual: usualOf(label),
      trust: known.find(({ detection_ids }) => detection_ids.includes(detection_id))?.trust ?? "unknown",
    };
  });
}

const NOTHING_KNOWN = { confidence: null, zones: new Map<string, null>(), trust: "unknown" } as const;

/** The zones of those that a rule asks for in which a thing is; all that it is in, where the rule asks for none. */
export function zonesAmong(thing: Thing, wanted: readonly string[]): string[] {
  return [...thing.zones.keys()].filter((zone) => wanted.length === 0 || wanted.includes(zone));
}
