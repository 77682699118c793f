/** Tells what happened in the zones of the camera's view. */
import { zoneReports } from "../../context/zones.ts";
import type { Zone } from "../../domain/zone.ts";
import type { Site } from "../site.ts";
import type { ContextSource } from "./source.ts";

export function zoneSource({ store }: Site, nodeId: string, zones: readonly Zone[]): ContextSource {
  return {
    part: "zones",
    gather: ({ camera_id, detections }) => {
      const own = zones.filter((zone) => zone.camera_id === camera_id);
      const keyOf = (zone_id: string, kind: string) => ({ node_id: nodeId, camera_id, zone_id, kind });
      const reports = zoneReports(detections, own, (zoneId, kind) => store.stays.get(keyOf(zoneId, kind)));
      if (reports.length === 0) return null;
      return {
        known: reports.map(({ activity }) => activity),
        // For rules that ask for a detection in a zone, and how long such a thing stayed there; a model has no use for it.
        beside: {
          zone_members: Object.fromEntries(reports.map(({ activity, members }) => [activity.zone_id, members])),
          zone_stays: Object.fromEntries(
            reports.map(({ activity, staySeconds }) => [activity.zone_id, Object.fromEntries(staySeconds)]),
          ),
        },
        commit: (tables) => {
          for (const { activity, stays } of reports) {
            for (const [kind, stay] of stays) tables.stays.set(keyOf(activity.zone_id, kind), stay);
          }
        },
      };
    },
  };
}
