/** What people have said that an event's decision can learn from. */
import type { Lessons } from "../alert/decide-with-feedback.ts";
import { traitsOf } from "../alert/traits.ts";
import type { SecurityEvent } from "../domain/event.ts";
import type { Site } from "./site.ts";
import type { Tables } from "./stage.ts";

/** The lessons for an event, which is remembered for what somebody may say of it; `calibrationLimit` in points, or null. */
export function lessonsFor(
  event: SecurityEvent,
  tables: Tables,
  site: Pick<Site, "camera" | "bands">,
  calibrationLimit: number | null,
): Lessons {
  const { camera_id } = event;
  const traits = traitsOf(event, site.camera(camera_id).time_zone);
  tables.feedback.noteTraits(event.event_id, traits);
  return {
    traits,
    scores: tables.feedback.ofCamera(camera_id, "scores"),
    thresholds: calibrationLimit === null ? [] : tables.feedback.ofCamera(camera_id, "thresholds"),
    calibrationLimit,
    bands: site.bands,
  };
}
