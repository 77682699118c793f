/** Counts for how long each camera was up: the hours in which nothing came count as well. */
import { repeat } from "../../resilience/repeat.ts";
import type { Site } from "../site.ts";
import { hourOf } from "./baseline.ts";

const TICK_MS = 5 * 60_000;
const HOUR_MS = 60 * 60_000;

/** Counts from now on until the answer is called; a camera that has fallen silent is not up. */
export function countUpTime(site: Site, nodeId: string, onError: (error: unknown) => void): () => void {
  return repeat(site.clock, TICK_MS, onError, () => {
    const up = site.store.cameras.lastUploads().filter((camera) => !site.isSilent(camera));
    site.store.transaction((tables) => {
      for (const { camera_id } of up) {
        tables.baselines.wasUp(hourOf(site, nodeId, camera_id, site.clock.now()), TICK_MS / HOUR_MS);
      }
    });
  });
}
