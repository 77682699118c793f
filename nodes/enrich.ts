/** `enrich`: adds to a batch what is known of the place, the time, the other cameras, the house, and what AI services see. */
import { z } from "zod";
import { openServices } from "../lib/context/services/open.ts";
import { TASKS } from "../lib/context/services/service.ts";
import { Zone } from "../lib/domain/zone.ts";
import { systemClock } from "../lib/resilience/clock.ts";
import { asError } from "../lib/resilience/errors.ts";
import { ServerGates } from "../lib/resilience/server-gates.ts";
import { attributeSource } from "../lib/site/context/attributes.ts";
import { baselineSource } from "../lib/site/context/baseline.ts";
import { crossCameraSource } from "../lib/site/context/cross-camera.ts";
import { entitySource, lookModels } from "../lib/site/context/entities.ts";
import { householdSource } from "../lib/site/context/household.ts";
import { countUpTime } from "../lib/site/context/up-time.ts";
import { zoneSource } from "../lib/site/context/zones.ts";
import { enrichmentStage } from "../lib/site/enrichment.ts";
import { Flag, optionalNumber, ServerUrl, seconds } from "../lib/site/form-fields.ts";
import { HouseholdVehicle } from "../lib/site/identify.ts";
import { identityCommands } from "../lib/site/identity-commands.ts";
import { servicesTrial } from "../lib/site/trials.ts";
import { defineNode } from "./define-node.ts";
import type { StatusView } from "./node-status.ts";
import { serverGates } from "./server-gates.ts";

export const EnrichConfig = z.object({
  zones: z
    .array(Zone)
    .max(200)
    .refine(
      (zones) => new Set(zones.map(({ camera_id, zone_id }) => `${camera_id} ${zone_id}`)).size === zones.length,
      "must have an id of its own for each zone of a camera",
    )
    .default([]),
  baseline: Flag.default(true),
  crossCamera: Flag.default(true),
  household: Flag.default(true),
  platesUrl: ServerUrl.default(""),
  enrichmentUrl: ServerUrl.default(""),
  florenceUrl: ServerUrl.default(""),
  clipUrl: ServerUrl.default(""),
  plate: Flag.default(true),
  look: Flag.default(true),
  caption: Flag.default(true),
  writing: Flag.default(true),
  animal: Flag.default(true),
  entities: Flag.default(true),
  lookModel: z.enum(["clip", "enrichment"]).default("clip"),
  sameFrom: optionalNumber({ min: 0.1, max: 0.999 }),
  vehicles: z.array(HouseholdVehicle).max(100).default([]),
  budget: seconds(5, { min: 0.1, max: 60 }),
});

const READY: StatusView = { fill: "green", shape: "dot", key: "ready" };
const AWAY: StatusView = { fill: "yellow", shape: "ring", key: "serviceAway" };

type EnrichConfig = z.infer<typeof EnrichConfig>;

export default defineNode({
  type: "enrich",
  config: EnrichConfig,
  outputs: 2,
  trial: (config) => servicesTrial(openServices(urlsOf(config), new ServerGates(systemClock))),
  open(config, { nodeId, site, report, refreshStatus }) {
    let stopCounting = () => {};
    const services = openServices(urlsOf(config), serverGates, refreshStatus);
    const tasks = new Set(TASKS.filter((task) => config[task]));
    const models = lookModels(services, config.lookModel);
    const { sameFrom: same, vehicles, budget: budgetMs } = config;
    return {
      commands: identityCommands(site),
      stage: enrichmentStage({
        site,
        budgetMs,
        sources: [
          ...(config.zones.length > 0 ? [zoneSource(site, nodeId, config.zones)] : []),
          ...(config.baseline ? [baselineSource(site, nodeId)] : []),
          ...(config.crossCamera ? [crossCameraSource(site)] : []),
          ...(config.household ? [householdSource(site)] : []),
          ...(Object.keys(services).length > 0 ? [attributeSource({ site, nodeId, services, tasks, budgetMs })] : []),
          ...(config.entities ? [entitySource({ site, nodeId, models, same, vehicles, budgetMs })] : []),
        ],
      }),
      idle: () => (Object.values(services).some(({ outage }) => outage) ? AWAY : READY),
      start: () => {
        if (config.baseline) stopCounting = countUpTime(site, nodeId, (error) => report(asError(error)));
      },
      close: async () => {
        stopCounting();
        await Promise.all(Object.values(services).map((service) => service.close()));
      },
    };
  },
});

function urlsOf({ platesUrl, enrichmentUrl, florenceUrl, clipUrl }: EnrichConfig) {
  return { plates: platesUrl, enrichment: enrichmentUrl, florence: florenceUrl, clip: clipUrl };
}
