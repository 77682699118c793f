/** The card that an AI server runs on, by what the server says of it. */
import { createHash } from "node:crypto";
import type { GpuSample } from "../domain/gpu.ts";
import type { ServerGpu } from "../domain/server-report.ts";

/** `address`: the server's, which is all that tells its card from others. */
export function serverCard(address: string, gpu: ServerGpu): GpuSample {
  const { host } = new URL(address);
  return {
    gpu_id: createHash("sha256").update(address).digest("hex").slice(0, 8),
    name: `GPU of ${host}`,
    source: "server",
    driver_version: null,
    memory_total: null,
    power_limit: null,
    fan_speed: null,
    mig: null,
    ...gpu,
  };
}
