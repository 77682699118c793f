/** Tells what AI services find out about the things of a batch: what they look like, do, wear, and what is written there. */
import { z } from "zod";
import { CONCURRENCY } from "../../context/services/ai-connection.ts";
import { type PlannedCall, planCalls } from "../../context/services/plan.ts";
import { REGISTRY } from "../../context/services/registry.ts";
import type { AiService, Findings, ServiceName, Task } from "../../context/services/service.ts";
import type { Batch } from "../../domain/batch.ts";
import { PlateReading } from "../../domain/identity.ts";
import { withDeadline } from "../../resilience/deadline.ts";
import { asError, VigilError } from "../../resilience/errors.ts";
import { unlessAborted } from "../../resilience/unless-aborted.ts";
import type { Site } from "../site.ts";
import type { ContextSource, Gathered } from "./source.ts";
import { Crops, type Thing, thingsOf } from "./things.ts";

export interface AttributeOptions {
  readonly site: Site;
  readonly nodeId: string;
  /** Those that there are. */
  readonly services: Readonly<Partial<Record<ServiceName, AiService>>>;
  /** What they may be asked. */
  readonly tasks: ReadonlySet<Task>;
  /** Milliseconds that a batch waits for everything that is to be known of it. */
  readonly budgetMs: number;
}

/** A batch with more things is a crowd, of which the clearest are enough. */
const MOST_THINGS = 8;
/** For the answers, of the time that a batch waits; the rest is for what comes of them. */
const FOR_ANSWERS = 0.85;
/** And for pictures that take their time. */
const FOR_ALL = 0.95;

type Call = PlannedCall<Thing>;

/** What came of one call. */
type Outcome = Call & ({ readonly found: Findings } | { readonly failure: Error });

export function attributeSource(options: AttributeOptions): ContextSource {
  const { services, tasks, budgetMs } = options;
  const entries = REGISTRY.filter(({ task, service }) => tasks.has(task) && services[service]);
  return {
    part: "attributes",
    gather: async (batch, signal) => {
      const plan = planCalls(thingsOf(batch).slice(0, MOST_THINGS), entries, budgetMs * FOR_ANSWERS);
      if (plan.calls.length + plan.leftOut.size === 0) return null;
      const outcomes = await ask(plan.calls, batch, options, signal);
      return gatheredFrom(outcomes, plan.leftOut, batch);
    },
  };
}

/** All calls: services side by side, each service's in order. Throws the signal's reason. */
async function ask(
  calls: readonly Call[],
  { batch_id }: Batch,
  { site, nodeId, services, budgetMs }: AttributeOptions,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const { clock } = site;
  const end = clock.monotonic() + budgetMs * FOR_ANSWERS;
  const late = new VigilError("LATE", "there was no time left");
  const askAll = (either: AbortSignal) => {
    const crops = new Crops({ site, nodeId, batchId: batch_id, signal: either });
    const askOne = async ({ thing, entry: { task, service, costMs } }: Call): Promise<Findings> => {
      either.throwIfAborted();
      const server = services[service];
      // Nothing is cut out for a server that is away.
      if (!server || server.outage) throw server?.outage ?? new Error("it is switched off");
      const crop = await crops.of(thing);
      const timeoutMs = end - clock.monotonic();
      if (timeoutMs < costMs) throw late;
      return server.ask(task, crop, { timeoutMs, signal: either });
    };
    const outcomeOf = async (call: Call): Promise<Outcome> =>
      unlessAborted(askOne(call), either).then(
        (found) => ({ ...call, found }),
        (thrown: unknown) => ({ ...call, failure: asError(thrown) }),
      );
    const lanes = [...Map.groupBy(calls, ({ entry }) => entry.service).values()];
    return Promise.all(lanes.map((own) => inOrder(own, CONCURRENCY, outcomeOf)));
  };
  const outcomes = await withDeadline({ clock, ms: budgetMs * FOR_ALL, late }, signal, askAll);
  signal.throwIfAborted();
  return outcomes.flat();
}

function gatheredFrom(
  outcomes: readonly Outcome[],
  leftOut: ReadonlyMap<ServiceName, number>,
  { context }: Batch,
): Gathered {
  const attributes: Record<string, unknown[]> = {};
  for (const outcome of outcomes) {
    if (!("found" in outcome)) continue;
    const { detection, at_s } = outcome.thing;
    for (const [name, found] of Object.entries(outcome.found)) {
      attributes[name] = [...(attributes[name] ?? []), { of: detection.label, at_s, ...Object(found) }];
    }
  }
  const own = z.record(z.string(), z.unknown()).safeParse(context?.attributes).data;
  const known = { ...own, ...attributes };
  const plates = platesIn(outcomes);
  return {
    known: Object.keys(attributes).length > 0 ? known : undefined,
    missing: missingFrom(outcomes, leftOut),
    // By them vehicles are recognised; the text tells a model as much.
    ...(plates.length > 0 && { beside: { plates } }),
  };
}

const PlatesRead = z.object({ plates: z.array(PlateReading.omit({ detection_id: true })) });

function platesIn(outcomes: readonly Outcome[]): PlateReading[] {
  return outcomes.flatMap((outcome) => {
    const read = "found" in outcome ? PlatesRead.safeParse(outcome.found.text).data : undefined;
    return (read?.plates ?? []).map((plate) => ({ detection_id: outcome.thing.detection.detection_id, ...plate }));
  });
}

/** What did not come, by service: why, and how much of how much. */
function missingFrom(
  outcomes: readonly Outcome[],
  leftOut: ReadonlyMap<ServiceName, number>,
): Readonly<Record<string, string>> {
  const services = new Set([...outcomes.map(({ entry }) => entry.service), ...leftOut.keys()]);
  return Object.fromEntries(
    [...services].flatMap((service) => {
      const own = outcomes.filter(({ entry }) => entry.service === service);
      const failures = own.flatMap((outcome) => ("failure" in outcome ? [outcome.failure.message] : []));
      const unasked = leftOut.get(service) ?? 0;
      const missing = failures.length + unasked;
      if (missing === 0) return [];
      const all = own.length + unasked;
      const why = failures[0] ?? "there is no time for more";
      return [[service, missing === all ? why : `${missing} of ${all} answers did not come: ${why}`]];
    }),
  );
}

/** Does one after the other, so many at a time; the results are in the order of the items. */
async function inOrder<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  // They share one iterator: whoever is done takes the next.
  const worker = async () => {
    for (const [n, item] of left) results[n] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
