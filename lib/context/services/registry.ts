/** Which model serves what: the one list from which calls are planned. */
import type { LabelGroup } from "../../domain/labels.ts";
import type { ServiceName, Task } from "./service.ts";

/** What a detector may have seen, as far as models differ by it. */
export type ThingGroup = LabelGroup | "other";

export interface ModelEntry {
  readonly task: Task;
  readonly service: ServiceName;
  /** How much the answer tells of a thing of each group that it serves, from 0 to 1. */
  readonly tells: Readonly<Partial<Record<ThingGroup, number>>>;
  /** Milliseconds that the plan sets aside for one call. */
  readonly costMs: number;
  /** Of the server's graphics card, in MB; null where nobody has said. */
  readonly memoryMb: number | null;
}

/**
 * Times are what the reference's authors state for their servers on a graphics card, rounded up; the plate reader's is
 * ours, for want of one. Of equally telling calls, the cheaper goes first. What a slower server does not answer in time
 * is left out all the same.
 */
export const REGISTRY: readonly ModelEntry[] = [
  { task: "look", service: "enrichment", tells: { person: 1, vehicle: 0.6, animal: 0.4 }, costMs: 250, memoryMb: 6800 },
  { task: "plate", service: "plates", tells: { vehicle: 1 }, costMs: 250, memoryMb: null },
  {
    task: "caption",
    service: "florence",
    tells: { person: 0.8, vehicle: 0.5, animal: 0.5, other: 0.8 },
    costMs: 300,
    memoryMb: null,
  },
  {
    task: "writing",
    service: "florence",
    tells: { person: 0.4, vehicle: 0.4, other: 0.3 },
    costMs: 300,
    memoryMb: null,
  },
  { task: "animal", service: "clip", tells: { animal: 0.6 }, costMs: 50, memoryMb: 1200 },
];
