/** The commands with which people look at a node's verdicts: beside others, and at what they took. */
import { z } from "zod";
import { compareOpinions } from "../analyze/comparison.ts";
import { RecordId } from "../domain/ids.ts";
import { localDay } from "../domain/local-day.ts";
import { toIso } from "../domain/time.ts";
import { InputError } from "../resilience/errors.ts";
import { sumOf } from "../store/costs.ts";
import type { Command } from "./behaviour.ts";
import { parsePayload } from "./parse-payload.ts";
import type { Site } from "./site.ts";

const DAY_MS = 24 * 60 * 60_000;

const EVENT_EXPECTED = "must be the event_id of an event";
const EventId = z.string(EVENT_EXPECTED).trim().pipe(RecordId);

/** Nothing, or what to compare and since when. */
const Comparing = z.union(
  [
    z.literal(["", undefined]).transform(() => ({ days: 7, with: undefined })),
    z.object({ days: z.number().positive().max(3650).default(7), with: z.string().optional() }),
  ],
  { error: 'must be empty, or {"days": …, "with": "id of the other node"}' },
);

/** Nothing, or for how many days, today included. */
const Counting = z.union(
  [
    z.literal(["", undefined]).transform(() => ({ days: 7 })),
    z.object({ days: z.int().positive().max(366).default(7) }),
  ],
  { error: 'must be empty, or {"days": …} with a whole number from 1 to 366' },
);

/** For `msg.command`. */
export function verdictCommands(
  site: Site,
  nodeId: string,
): Readonly<Record<"verdicts" | "compare" | "costs", Command>> {
  return {
    verdicts: (payload) => listVerdicts(parsePayload(EventId, payload), site),
    compare: (payload) => compare(parsePayload(Comparing, payload), site, nodeId),
    costs: (payload) => listCosts(parsePayload(Counting, payload).days, site, nodeId),
  };
}

function listVerdicts(eventId: string, { store }: Site): object {
  const event = store.events.get(eventId);
  if (!event) throw new InputError("NO_SUCH_EVENT", `There is no event "${eventId}" in this site's store`);
  const { batch_id } = event;
  return {
    event_id: eventId,
    batch_id,
    verdicts: store.verdicts.ofBatch(batch_id),
    costs: store.costs.ofEvent(eventId),
  };
}

function compare({ days, with: other }: z.infer<typeof Comparing>, { store, clock }: Site, nodeId: string): object {
  const since = toIso(clock.now() - days * DAY_MS);
  const pairs = store.verdicts.pairs(nodeId, since);
  const wanted = other === undefined ? [...pairs.keys()] : [store.nodes.identityOf(other) ?? other];
  const comparisons = wanted.map((name) => {
    const both = pairs.get(name);
    if (both) return { with: name, ...compareOpinions(both) };
    const known = [...pairs.keys()].join(", ") || "none";
    throw new InputError(
      "NOTHING_TO_COMPARE",
      `The models of this node and of "${name}" have judged no batch both since ${since}; those that have: ${known}`,
    );
  });
  return { node: nodeId, since, comparisons };
}

/** What the node's model took, by day and camera, the newest day first. */
function listCosts(days: number, { store, clock, timeZone }: Site, nodeId: string): object {
  const perDay = Array.from({ length: days }, (_, daysBefore) => {
    const { date, startMs, endMs } = localDay(clock.now(), timeZone, daysBefore);
    const cameras = store.costs.ofCameras(nodeId, { from: toIso(startMs), to: toIso(endMs) });
    return { date, ...sumOf(cameras), cameras };
  });
  return { node: nodeId, time_zone: timeZone, days: perDay };
}
