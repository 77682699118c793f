/** `enrich`: adds to a batch what is known of the place, the time, the other cameras, the house, and what AI services see. */
import { z } from "zod";
import { openServices } from "../lib/context/services/open.ts";
import { Zone } from "../lib/domain/zone.ts";
import { systemClock } from "../lib/resilience/clock.ts";
import { asError } from "../lib/resilience/errors.ts";
import { ServerGates } from "../lib/resilience/server-gates.ts";
import { contextSources } from "../lib/site/context/sources.ts";
import { countUpTime } from "../lib/site/context/up-time.ts";
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
  scene: Flag.default(true),
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
    return {
      commands: identityCommands(site),
      sideServices: Object.values(services),
      stage: enrichmentStage({
        site,
        budgetMs: config.budget,
        sources: contextSources(site, nodeId, services, config),
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
