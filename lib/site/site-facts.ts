/** What the entities of the hub and of a camera say that no single record tells. */
import { dayStart, localDay } from "../domain/local-day.ts";
import { toIso } from "../domain/time.ts";
import type { CameraKey, CostKey, HubKey, ServerState } from "../homeassistant/entities.ts";
import type { State } from "../homeassistant/state.ts";
import type { LastUpload } from "../store/cameras.ts";
import type { CameraCosts, Costs } from "../store/costs.ts";
import type { Site } from "./site.ts";

const MIB = 1024 * 1024;

/** The states of a camera's entities but for those that an event, an alert or a detection brings. */
export function cameraFacts(site: Site, camera: LastUpload): Partial<Record<CameraKey, State>> {
  const { camera_id } = camera;
  const { snoozed_until, ...settings } = site.settings.ofCamera(camera_id);
  const { time_zone } = site.camera(camera_id);
  return {
    events_today: site.store.totals.eventsSince(camera_id, dayStart(site.clock.now(), time_zone)),
    online: !site.isSilent(camera),
    view: site.views.stateOf(camera_id),
    ...settings,
    ...(snoozed_until !== null && { snoozed_until }),
  };
}

/** The states of the hub's entities, and what is wrong. `storageUsed` is in bytes; null while nobody has measured it. */
export function hubFacts(site: Site, cameras: readonly LastUpload[], storageUsed: number | null) {
  const { store, settings } = site;
  const { found, queued, dead, unclaimed } = store.totals.unfinished(site.roots.names);
  const { inference_ms, latency_ms } = store.totals.lastMeasured();
  const { snoozed_until, ...set } = settings.ofSite();
  const today = dayStart(site.clock.now(), site.timeZone);
  const servers = { detector: serverState(site, "detect"), llm: serverState(site, "nemotron-analyze") };
  const causes = [
    ...(servers.detector === "away" ? ["the detector's server does not answer"] : []),
    ...(servers.llm === "away" ? ["the language model's server does not answer"] : []),
    ...(dead > 0 ? [`dead letters: ${dead}`] : []),
    ...(unclaimed > 0 ? [`messages left open: ${unclaimed}`] : []),
    ...(site.namesake === null ? [] : [`another Vigil, on ${site.namesake}, uses this site's id`]),
    ...cameras.filter((camera) => site.isSilent(camera)).map(({ camera_id }) => `${camera_id} is silent`),
    ...cameras.flatMap(({ camera_id }) => site.views.problemOf(camera_id) ?? []),
  ];
  const states: Partial<Record<HubKey, State>> = {
    problem: causes.length > 0,
    events_today: cameras.reduce((sum, { camera_id }) => sum + store.totals.eventsSince(camera_id, today), 0),
    waiting: found + queued,
    queue_detect: store.totals.queued("detect"),
    queue_analyze: store.totals.queued("nemotron-analyze"),
    dead_letters: dead,
    left_open: unclaimed,
    ...servers,
    detector_latency: inference_ms,
    llm_latency: latency_ms === null ? null : latency_ms / 1000,
    storage_used: storageUsed === null ? null : Number((storageUsed / MIB).toFixed(1)),
    ...set,
    ...(snoozed_until !== null && { snoozed_until }),
  };
  return { ...states, causes };
}

/** What models took today, camera by camera. */
export function costsToday({ store, clock, timeZone }: Site): CameraCosts[] {
  const { startMs, endMs } = localDay(clock.now(), timeZone);
  return store.costs.ofCameras(null, { from: toIso(startMs), to: toIso(endMs) });
}

/** The states of the entities that tell what models took. */
export function costFacts({
  analyses,
  prompt_tokens,
  completion_tokens,
  model_seconds,
}: Costs): Record<CostKey, State> {
  const isUncounted = analyses > 0 && prompt_tokens === null && completion_tokens === null;
  return {
    analyses_today: analyses,
    tokens_today: isUncounted ? null : (prompt_tokens ?? 0) + (completion_tokens ?? 0),
    model_time_today: Math.round(model_seconds),
  };
}

/** How the servers are that the nodes of a type use. */
function serverState(site: Site, type: string): ServerState {
  const gates = [...site.servers.values()].filter((server) => server.type === type).map(({ gate }) => gate);
  if (gates.length === 0) return "unused";
  return gates.some(({ outage }) => outage !== null) ? "away" : "ok";
}
