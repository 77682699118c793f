/** The commands of `gpu-monitor`. */
import { z } from "zod";
import { toIso } from "../domain/time.ts";
import type { Command } from "./behaviour.ts";
import type { GpuWatch } from "./gpu-watch.ts";
import { parsePayload } from "./parse-payload.ts";
import type { Site } from "./site.ts";

const MINUTE_MS = 60_000;
/** In one answer. */
const MOST_READINGS = 10_000;

/** Nothing, or of how many minutes. */
const Since = z.union(
  [
    z.literal(["", undefined]).transform(() => ({ minutes: 60 })),
    z.object({ minutes: z.number().positive().max(525_600).default(60) }),
  ],
  { error: 'must be empty, or {"minutes": …}' },
);

/** For `msg.command`. */
export function gpuCommands(site: Site, watch: GpuWatch): Readonly<Record<"read" | "history", Command>> {
  return {
    read: async () => {
      await watch.readNow();
      return watch.last;
    },
    history: (payload) => {
      const { minutes } = parsePayload(Since, payload);
      return site.store.gpuReadings.since(toIso(site.clock.now() - minutes * MINUTE_MS), MOST_READINGS);
    },
  };
}
