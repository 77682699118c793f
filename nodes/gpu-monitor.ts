/** `gpu-monitor`: how the graphics cards and the AI servers are, now and over time, and a warning when one is not well. */
import { z } from "zod";
import { NvidiaSmi } from "../lib/ops/nvidia-smi.ts";
import { DEFAULT_LIMITS } from "../lib/ops/thresholds.ts";
import { Flag, number, seconds, wholeNumber } from "../lib/site/form-fields.ts";
import { measuredCards, simulatedCards } from "../lib/site/gpu-cards.ts";
import { gpuCommands } from "../lib/site/gpu-commands.ts";
import { GpuWatch } from "../lib/site/gpu-watch.ts";
import { HealthNews } from "../lib/site/health-news.ts";
import { ServerWatch } from "../lib/site/server-watch.ts";
import { defineNode } from "./define-node.ts";
import { gpuStatus } from "./gpu-status.ts";

const WARNING_PORT = 1;

const { temperature, utilization, memory } = DEFAULT_LIMITS;
const degrees = (fallback: number) => number(fallback, { min: 0, max: 150 });
const percent = (fallback: number) => number(fallback, { min: 0, max: 100 });

export const GpuMonitorConfig = z.object({
  interval: seconds(15, { min: 1, max: 3600 }),
  simulate: Flag.default(false),
  command: z
    .string()
    .trim()
    .default("")
    .transform((command) => command || "nvidia-smi"),
  timeout: seconds(5, { min: 0.1, max: 60 }),
  temperatureWarning: degrees(temperature.warning),
  temperatureCritical: degrees(temperature.critical),
  utilizationWarning: percent(utilization.warning),
  utilizationCritical: percent(utilization.critical),
  memoryWarning: percent(memory.warning),
  memoryCritical: percent(memory.critical),
  attempts: wholeNumber(5, { min: 0, max: 20 }),
  grace: seconds(60, { min: 1, max: 3600 }),
});

export default defineNode({
  type: "gpu-monitor",
  config: GpuMonitorConfig,
  outputs: 3,
  open(config, { site, tell, report, refreshStatus }) {
    const { command, timeout: timeoutMs, simulate, interval } = config;
    const { clock } = site;
    const servers = new ServerWatch(site);
    const watch = new GpuWatch({
      site,
      servers,
      read: simulate ? simulatedCards(clock) : measuredCards(new NvidiaSmi({ command, timeoutMs, clock }), servers),
      simulate,
      intervalMs: interval,
      limits: {
        temperature: { warning: config.temperatureWarning, critical: config.temperatureCritical },
        utilization: { warning: config.utilizationWarning, critical: config.utilizationCritical },
        memory: { warning: config.memoryWarning, critical: config.memoryCritical },
      },
      tell,
      onError: report,
      onChange: refreshStatus,
    });
    const news = new HealthNews({
      site,
      policy: { attempts: config.attempts, graceMs: config.grace },
      tell: (payload) => tell(WARNING_PORT, "health", payload),
      onError: report,
    });
    return {
      commands: gpuCommands(site, watch),
      idle: () => gpuStatus(watch),
      start: () => {
        news.start();
        watch.start();
      },
      close: () => {
        news.close();
        servers.close();
        return watch.close();
      },
    };
  },
});
