/** A card that does not exist, for trying flows out: it gets warm, busy and full, and recovers, within five minutes. */
import type { GpuSample } from "../domain/gpu.ts";

const PERIOD_MS = 5 * 60_000;
const MEMORY_MIB = 24_576;

/** What it would tell at a time, in milliseconds since 1970. */
export function simulatedCard(now: number): GpuSample {
  const wave = Math.sin((2 * Math.PI * now) / PERIOD_MS);
  return {
    gpu_id: "simulated",
    name: "Simulated GPU",
    source: "simulation",
    driver_version: null,
    temperature: Math.round(68 + 20 * wave),
    utilization: Math.round(50 + 50 * wave),
    memory_used: Math.round(MEMORY_MIB * (0.7 + 0.27 * wave)),
    memory_total: MEMORY_MIB,
    power_draw: Math.round(180 + 120 * wave),
    power_limit: 320,
    fan_speed: Math.round(50 + 40 * wave),
    mig: null,
  };
}
