/** Tells how usual it is what a camera sees, and counts it. */
import { slotOf, usualness } from "../../context/baseline.ts";
import { kindOf } from "../../context/tracks.ts";
import { toMillis } from "../../domain/time.ts";
import type { CameraHour } from "../../store/baselines.ts";
import { isLive } from "../live.ts";
import type { Site } from "../site.ts";
import type { ContextSource } from "./source.ts";

/** Of this probability and below, something is called unusual; of a fifth of it, very unusual. */
const UNUSUAL = 0.05;
const VERY_UNUSUAL = 0.01;

export function baselineSource(site: Site, nodeId: string): ContextSource {
  const { store, clock } = site;
  return {
    part: "baseline",
    gather: ({ camera_id, started_at, ended_at, detections }) => {
      // The hours are counted while the flows run. What comes from a time in which they did not would seem too much.
      if (!isLive(ended_at, clock.now())) return null;
      const hour = hourOf(site, nodeId, camera_id, toMillis(started_at));
      const kinds = [...new Set(detections.map(kindOf))];
      const known = kinds.map((kind) => {
        const often = store.baselines.countIn(hour, kind) + 1;
        const { usual_per_hour, probability } = usualness(store.baselines.history(hour, kind), often);
        return { kind, this_hour: often, usual_per_hour, probability, verdict: verdictOn(probability) };
      });
      return { known, commit: (tables) => tables.baselines.appeared(hour, kinds) };
    },
  };
}

/** The hour of an instant at a camera, on its own clock. */
export function hourOf(site: Site, nodeId: string, cameraId: string, at: number): CameraHour {
  const { slot, hourMs } = slotOf(at, site.camera(cameraId).time_zone);
  return { node_id: nodeId, camera_id: cameraId, slot, hour_ms: hourMs };
}

function verdictOn(probability: number | null): string {
  if (probability === null) return "not enough history";
  if (probability <= VERY_UNUSUAL) return "very unusual";
  return probability <= UNUSUAL ? "unusual" : "usual";
}
