/** What an AI server says of itself when it is asked how it is. */
import type { GpuSample } from "./gpu.ts";

/**
 * `warming`: it answers, but its model is not loaded yet. `failing`: it does not answer, or says that it cannot work.
 * `unknown`: it has no way to say.
 */
export type ServerHealth = "ready" | "warming" | "failing" | "unknown";

export interface ServerReport {
  readonly health: ServerHealth;
  /** Of the card that it runs on; null where it tells nothing. */
  readonly gpu: ServerGpu | null;
  /** Requests that it works on, of those that it can work on at once; null where it does not say. */
  readonly slots: Slots | null;
}

export type ServerGpu = Pick<GpuSample, "temperature" | "utilization" | "memory_used" | "power_draw">;

export interface Slots {
  readonly busy: number;
  readonly total: number;
}

/** A server that can be asked, beside the work that it does. */
export interface AskableServer {
  /** Without credentials. */
  readonly address: string;
  /** Takes seconds at most. Throws the signal's reason, and nothing else. */
  look(signal: AbortSignal): Promise<ServerReport>;
}

/** The report of a server that tells of nothing but its health. */
export function onlyHealth(health: ServerHealth): ServerReport {
  return { health, gpu: null, slots: null };
}
