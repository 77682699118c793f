/** Tells what the other cameras saw within minutes, and makes one incident of what belongs together. */
import { crossCamera, sameIncident, WINDOW_MS } from "../../context/cross-camera.ts";
import { deriveId } from "../../domain/ids.ts";
import { toIso, toMillis } from "../../domain/time.ts";
import type { Site } from "../site.ts";
import type { ContextSource } from "./source.ts";

export function crossCameraSource(site: Site): ContextSource {
  const { neighbours } = site.store;
  return {
    part: "cross_camera",
    gather: (batch) => {
      const { batch_id, camera_id, started_at, ended_at, detections } = batch;
      const from = toIso(toMillis(started_at) - WINDOW_MS);
      const sightings = neighbours.seen(camera_id, from, toIso(toMillis(ended_at) + WINDOW_MS));
      const labels = detections.map(({ label }) => label);
      const related = sameIncident(batch, labels, sightings);
      const incident_id =
        neighbours.incidentOf(batch_id) ??
        related.find((sighting) => sighting.incident_id !== null)?.incident_id ??
        deriveId("incident", batch_id);
      const others = related.map((sighting) => sighting.batch_id);
      const nameOf = (id: string) => site.camera(id).name;
      return {
        known: crossCamera(batch, sightings, nameOf),
        beside: {
          incident: { incident_id, cameras: [...new Set([camera_id, ...related.map((each) => each.camera_id)])] },
        },
        commit: (tables) => tables.neighbours.join(incident_id, [batch_id, ...others]),
      };
    },
  };
}
