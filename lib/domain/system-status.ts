/** How a site is as a whole: what is published as `system_status`. What nobody could find out is null. */
import type { GpuSample } from "./gpu.ts";

/** `unhealthy`: the site does not do what it is for. `degraded`: it does, but somebody should look after something. */
export const SITE_HEALTH = ["healthy", "degraded", "unhealthy"] as const;
export type SiteHealth = (typeof SITE_HEALTH)[number];

/** What is wrong, in words that stay the same while it is. */
export interface Cause {
  readonly part:
    | "server"
    | "node"
    | "queue"
    | "store"
    | "disk"
    | "broker"
    | "home_assistant"
    | "camera"
    | "gpu"
    | "site";
  readonly health: Exclude<SiteHealth, "healthy">;
  readonly text: string;
}

/** `ai`: one that tells more of what was detected. `mqtt`: the broker. */
export type Service = "detector" | "llm" | "ai" | "mqtt";

/** `starting`: it answers, but cannot work yet. */
export type ServiceState = "up" | "starting" | "down";

export interface ServiceStatus {
  readonly service: Service;
  /** Without credentials. */
  readonly address: string;
  readonly state: ServiceState;
  /** Why it is down; null while it is not. */
  readonly reason: string | null;
}

export interface NodeStatus {
  readonly node_id: string;
  readonly type: string;
  /** Jobs that wait or are worked on. */
  readonly queued: number;
  /** Jobs that failed for good. */
  readonly dead: number;
  /** Messages that did not fit, since the node started. */
  readonly refused: number;
  /** Messages that no node took. */
  readonly open: number;
}

export interface DiskStatus {
  readonly free_mib: number;
  readonly used_percent: number;
}

export interface SystemStatus {
  readonly site: string;
  readonly health: SiteHealth;
  readonly causes: readonly Cause[];
  readonly services: readonly ServiceStatus[];
  readonly nodes: readonly NodeStatus[];
  readonly queue: {
    /** Uploads that wait in their folders, and jobs that wait. */
    readonly pending: number | null;
    readonly processing: number;
    readonly detect: number | null;
    readonly analyze: number | null;
    /** Jobs that failed for good. */
    readonly dead: number | null;
    /** Messages that no node took. */
    readonly open: number | null;
  };
  readonly cameras: {
    readonly active: number | null;
    readonly total: number | null;
    readonly silent: readonly string[];
  };
  /** The first graphics card that is known now; null where none is. */
  readonly gpu:
    | (Pick<GpuSample, "gpu_id" | "temperature" | "utilization" | "memory_used" | "memory_total"> & {
        readonly simulated: boolean;
      })
    | null;
  /** Of the data folder; null for a store in memory. */
  readonly disk: DiskStatus | null;
  /** Of the connection to the broker; null for a site that has none. */
  readonly broker: string | null;
  readonly home_assistant: string | null;
  readonly timestamp: string;
}
