/** What the status of `gpu-monitor` tells of the graphics cards. */
import type { GpuWatch } from "../lib/site/gpu-watch.ts";
import type { StatusView } from "./node-status.ts";

const FILL = { ok: "green", warning: "yellow", critical: "red" } as const;

/** The hottest card's temperature, where one tells it; the colour is that of the worst figure of all. */
export function gpuStatus({ last, level }: GpuWatch): StatusView {
  if (last === null) return { fill: "green", shape: "ring", key: "ready" };
  if (!last.available) return { fill: "yellow", shape: "ring", key: "noGpu" };
  const temperatures = last.gpus.flatMap(({ temperature }) => temperature ?? []);
  const view =
    temperatures.length > 0
      ? { key: last.simulated ? "gpuSimulated" : "gpuTemperature", count: Math.round(Math.max(...temperatures)) }
      : { key: "gpus", count: last.gpus.length };
  return { fill: FILL[level], shape: last.simulated ? "ring" : "dot", ...view };
}
