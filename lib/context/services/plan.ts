/** Which models are asked about which things of a batch: what tells the most comes first, as long as there is time. */
import type { ModelEntry, ThingGroup } from "./registry.ts";
import type { ServiceName } from "./service.ts";

export interface Candidate {
  readonly group: ThingGroup;
  /** How much there is to learn from its picture, above 0. */
  readonly worth: number;
}

export interface PlannedCall<T extends Candidate> {
  readonly thing: T;
  readonly entry: ModelEntry;
}

export interface Plan<T extends Candidate> {
  /** The most telling first. */
  readonly calls: readonly PlannedCall<T>[];
  /** Those for which there is no time, by service. */
  readonly leftOut: ReadonlyMap<ServiceName, number>;
}

/**
 * The calls for which each service has time, one after the other: services work side by side. Only models of `entries` are
 * asked. The same for the same things in the same order; of equally telling calls the cheaper in time, then in memory,
 * goes first, then the thing that is named first.
 */
export function planCalls<T extends Candidate>(
  things: readonly T[],
  entries: readonly ModelEntry[],
  budgetMs: number,
): Plan<T> {
  const calls = things
    .flatMap((thing) =>
      entries.map((entry) => ({ thing, entry, telling: thing.worth * (entry.tells[thing.group] ?? 0) })),
    )
    .filter(({ telling }) => telling > 0)
    .sort((a, b) => b.telling - a.telling || a.entry.costMs - b.entry.costMs || memoryOf(a.entry) - memoryOf(b.entry));
  const spent = new Map<ServiceName, number>();
  const leftOut = new Map<ServiceName, number>();
  const planned = calls.filter(({ entry: { service, costMs } }) => {
    const then = (spent.get(service) ?? 0) + costMs;
    // What follows tells less, even where it would still fit.
    if (then > budgetMs || leftOut.has(service)) {
      leftOut.set(service, (leftOut.get(service) ?? 0) + 1);
      return false;
    }
    spent.set(service, then);
    return true;
  });
  return { calls: planned.map(({ thing, entry }) => ({ thing, entry })), leftOut };
}

function memoryOf({ memoryMb }: ModelEntry): number {
  return memoryMb ?? Number.MAX_VALUE;
}
