/** The sources that an `enrich` node asks, as its form says. */
import type { Services } from "../../context/services/open.ts";
import { TASKS, type Task } from "../../context/services/service.ts";
import type { Zone } from "../../domain/zone.ts";
import type { Site } from "../site.ts";
import { attributeSource } from "./attributes.ts";
import { baselineSource } from "./baseline.ts";
import { crossCameraSource } from "./cross-camera.ts";
import { type EntityOptions, entitySource, lookModels } from "./entities.ts";
import { householdSource } from "./household.ts";
import { sceneSource } from "./scene.ts";
import type { ContextSource } from "./source.ts";
import { zoneSource } from "./zones.ts";

export interface SourceChoice
  extends Readonly<Record<"baseline" | "crossCamera" | "household" | "scene" | "entities" | Task, boolean>> {
  readonly zones: readonly Zone[];
  readonly lookModel: Parameters<typeof lookModels>[1];
  readonly sameFrom: EntityOptions["same"];
  readonly vehicles: EntityOptions["vehicles"];
  /** Milliseconds that a batch may take. */
  readonly budget: number;
}

/** `nodeId`: the name by which the store knows the node. */
export function contextSources(site: Site, nodeId: string, services: Services, chosen: SourceChoice): ContextSource[] {
  const { zones, lookModel, sameFrom: same, vehicles, budget: budgetMs } = chosen;
  const tasks = new Set(TASKS.filter((task) => chosen[task]));
  const models = lookModels(services, lookModel);
  return [
    ...(zones.length > 0 ? [zoneSource(site, nodeId, zones)] : []),
    ...(chosen.baseline ? [baselineSource(site, nodeId)] : []),
    ...(chosen.crossCamera ? [crossCameraSource(site)] : []),
    ...(chosen.household ? [householdSource(site)] : []),
    ...(chosen.scene ? [sceneSource(site)] : []),
    ...(Object.keys(services).length > 0 ? [attributeSource({ site, nodeId, services, tasks, budgetMs })] : []),
    ...(chosen.entities ? [entitySource({ site, nodeId, models, same, vehicles, budgetMs })] : []),
  ];
}
