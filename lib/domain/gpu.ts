/** What is known of a graphics card at one moment. A number that nobody has measured is null. */
import { z } from "zod";
import { IsoTime } from "./time.ts";

/** `server`: an AI server said so of the card that it runs on. */
export const GpuSource = z.enum(["nvidia-smi", "server", "simulation"]);
export type GpuSource = z.infer<typeof GpuSource>;

const Percent = z.number().min(0).max(100).nullable();
const Mebibytes = z.number().nonnegative().nullable();
const Watts = z.number().nonnegative().nullable();

/** What was measured of a card. */
export const GpuSample = z.object({
  /** The same over restarts, and not another card's. */
  gpu_id: z.string().regex(/^[a-z0-9]{1,32}$/),
  /** Its name for people. */
  name: z.string().min(1).max(120),
  source: GpuSource,
  driver_version: z.string().nullable(),
  /** °C. */
  temperature: z.number().min(-100).max(200).nullable(),
  /** The share of the last moment in which it worked, in percent. */
  utilization: Percent,
  /** MiB, as is `memory_total`. */
  memory_used: Mebibytes,
  memory_total: Mebibytes,
  /** Watts, as is `power_limit`. */
  power_draw: Watts,
  power_limit: Watts,
  /** Percent of its full speed. */
  fan_speed: Percent,
  /** Whether it is divided into several (Multi-Instance GPU): then it tells little of itself as a whole. */
  mig: z.boolean().nullable(),
});
export type GpuSample = z.infer<typeof GpuSample>;

export const GpuReading = GpuSample.extend({
  /** Made up, for trying a flow out. */
  simulated: z.boolean(),
  recorded_at: IsoTime,
});
export type GpuReading = z.infer<typeof GpuReading>;

/** How much of its memory is used, in percent; null where that is not known. */
export function memoryPercent({ memory_used, memory_total }: GpuSample): number | null {
  return memory_used === null || !memory_total ? null : (memory_used / memory_total) * 100;
}
