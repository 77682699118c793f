/** How a site is as a whole: the one place where everybody has it from. */
import type { RetentionResult } from "../domain/retention.ts";
import type {
  DiskStatus,
  NodeStatus,
  Service,
  ServiceState,
  ServiceStatus,
  SystemStatus,
} from "../domain/system-status.ts";
import { toIso } from "../domain/time.ts";
import { causesOf, healthOf } from "../ops/health.ts";
import { StoreError } from "../resilience/errors.ts";
import type { ServerGate } from "../resilience/server-gate.ts";
import type { LastUpload } from "../store/cameras.ts";
import type { LastRun } from "../store/retention-runs.ts";
import type { UnfinishedTotals } from "../store/totals.ts";
import { sharesProblem } from "./level-shares.ts";
import type { Site, UsedServer } from "./site.ts";

const SERVICE_OF: Readonly<Record<string, Service>> = { detect: "detector", "nemotron-analyze": "llm" };

/** What the store knows; null where it cannot answer. */
interface Stored {
  readonly unfinished: UnfinishedTotals;
  readonly detect: number;
  readonly analyze: number;
  readonly cameras: readonly LastUpload[];
  /** What is wrong with what they look at. */
  readonly views: readonly string[];
  readonly retention: LastRun | undefined;
  /** The same of how they are judged. */
  readonly shares: string | null;
}

export function systemStatus(site: Site): SystemStatus {
  const { stored, fault } = readStore(site);
  const nodes = nodeStatuses(site);
  const services = serviceStatuses(site);
  const silent = stored?.cameras.filter((camera) => site.isSilent(camera)).map(({ camera_id }) => camera_id) ?? [];
  const processing = [...site.nodes.values()].reduce((sum, { load }) => sum + load().running, 0);
  const causes = causesOf({
    services,
    storeFault: fault,
    retention: retentionFault(stored?.retention?.result ?? null),
    storeReplaced: site.store.setAside !== null,
    dead: stored?.unfinished.dead ?? 0,
    open: stored?.unfinished.unclaimed ?? 0,
    waiting: { detect: stored?.detect ?? null, analyze: stored?.analyze ?? null },
    disk: site.disk,
    homeAssistant: site.homeAssistant?.state ?? null,
    namesake: site.namesake,
    silent,
    views: stored?.views ?? [],
    shares: stored?.shares ?? null,
    gpus: gpuFaults(site),
  });
  return {
    site: site.id,
    health: healthOf(causes),
    causes,
    services,
    nodes,
    queue: {
      pending: stored && stored.unfinished.found + stored.unfinished.queued - processing,
      processing,
      detect: stored?.detect ?? null,
      analyze: stored?.analyze ?? null,
      dead: stored?.unfinished.dead ?? null,
      open: stored?.unfinished.unclaimed ?? null,
    },
    cameras: {
      active: stored && stored.cameras.length - silent.length,
      total: stored?.cameras.length ?? null,
      silent,
    },
    gpu: firstGpu(site),
    disk: site.disk,
    broker: site.broker,
    home_assistant: site.homeAssistant?.state ?? null,
    timestamp: toIso(site.clock.now()),
  };
}

/** The site's servers, each once, and its broker. */
export function serviceStatuses(site: Site): ServiceStatus[] {
  const servers = new Map<string, ServiceStatus>();
  for (const used of site.servers.values()) {
    const service = SERVICE_OF[used.type];
    if (service) servers.set(`${service} ${used.server?.address}`, serverStatus(site, service, used));
  }
  for (const { name, outage } of [...site.sideServices.values()].flat()) {
    const state = outage === null ? "up" : "down";
    servers.set(`ai ${name}`, { service: "ai", address: name, state, reason: outage?.message ?? null });
  }
  const { broker } = site;
  if (broker === null) return [...servers.values()];
  const state = broker === "connected" ? "up" : broker === "connecting" ? "starting" : "down";
  const reason = state === "down" ? "no connection to the broker" : null;
  return [...servers.values(), { service: "mqtt", address: site.brokerAddress, state, reason }];
}

function serverStatus(site: Site, service: Service, { gate, server }: UsedServer): ServiceStatus {
  const address = server?.address ?? "";
  const health = site.reports.get(address)?.health;
  // What nobody waits for is not tried again, and its outage may be long over.
  const isOut = gate.outage !== null && (health === undefined || isWaitedFor(site, gate));
  const state: ServiceState = isOut || health === "failing" ? "down" : health === "warming" ? "starting" : "up";
  const reason =
    state === "down" ? (gate.outage?.message ?? `${address} does not answer, or says that it is not well`) : null;
  return { service, address, state, reason };
}

function isWaitedFor(site: Site, gate: ServerGate): boolean {
  return [...site.servers].some(
    ([nodeId, used]) => used.gate === gate && (site.nodes.get(nodeId)?.load().depth ?? 0) > 0,
  );
}

function nodeStatuses(site: Site): NodeStatus[] {
  return [...site.nodes].map(([node_id, { type, load }]) => {
    const { depth, dead, left, refused } = load();
    return { node_id, type, queued: depth, dead, refused, open: left };
  });
}

function retentionFault(result: RetentionResult | null): "failed" | "short" | null {
  if (result === null) return null;
  if (result.error !== null) return "failed";
  return result.short_of_space ? "short" : null;
}

function gpuFaults(site: Site) {
  return [...site.gpus.values()].flatMap(({ name, fault }) => (fault === null ? [] : [{ name, fault }]));
}

function firstGpu(site: Site): SystemStatus["gpu"] {
  const reading = [...site.gpus.values()].find((gpu) => gpu.reading !== null)?.reading;
  if (!reading) return null;
  const { gpu_id, temperature, utilization, memory_used, memory_total, simulated } = reading;
  return { gpu_id, temperature, utilization, memory_used, memory_total, simulated };
}

function readStore(site: Site): { stored: Stored | null; fault: string | null } {
  const { store, roots, views } = site;
  try {
    const cameras = store.cameras.lastUploads();
    const stored = {
      unfinished: store.totals.unfinished(roots.names),
      detect: store.totals.queued("detect"),
      analyze: store.totals.queued("nemotron-analyze"),
      cameras,
      retention: store.retentionRuns.latest(),
      views: cameras.flatMap(({ camera_id }) => views.problemOf(camera_id) ?? []),
      shares: sharesProblem(site),
    };
    return { stored, fault: store.corruption?.message ?? null };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { stored: null, fault: error.message };
  }
}

/** The room on the disk that a folder is on. */
export function diskStatus({ bsize, blocks, bfree, bavail }: DiskBlocks): DiskStatus {
  const used = blocks - bfree;
  const share = used + bavail > 0 ? used / (used + bavail) : 0;
  return { free_mib: Math.floor((bavail * bsize) / 2 ** 20), used_percent: Math.round(share * 100) };
}

/** As `statfs` has it; `bavail`: what others than root may have of `bfree`. */
type DiskBlocks = Readonly<Record<"bsize" | "blocks" | "bfree" | "bavail", number>>;
