/** What the entities of the hub and of a camera say that no single record tells. */
import { type LevelShares, SHARE_DAYS, type ShareRange, USUAL_SHARES } from "../alert/level-shares.ts";
import { dayStart, localDay } from "../domain/local-day.ts";
import type { RiskLevel } from "../domain/risk.ts";
import type { Service, ServiceStatus, SystemStatus } from "../domain/system-status.ts";
import { toIso } from "../domain/time.ts";
import type { CameraKey } from "../homeassistant/entities/camera.ts";
import type { CostKey } from "../homeassistant/entities/common.ts";
import type { HubKey, RetentionState, ServerState } from "../homeassistant/entities/hub.ts";
import type { State } from "../homeassistant/state.ts";
import type { LastUpload } from "../store/cameras.ts";
import type { CameraCosts, Costs } from "../store/costs.ts";
import { spokenOf } from "./feedback.ts";
import { sharesNow } from "./level-shares.ts";
import type { Site } from "./site.ts";
import { systemStatus } from "./system-status.ts";

const MIB = 1024 * 1024;

/** The states of a camera's entities but for those that an event, an alert or a detection brings. */
export function cameraFacts(site: Site, camera: LastUpload): Partial<Record<CameraKey, State>> {
  const { camera_id } = camera;
  const { snoozed_until, ...settings } = site.settings.ofCamera(camera_id);
  const { time_zone } = site.camera(camera_id);
  return {
    events_today: site.store.totals.eventsSince(camera_id, dayStart(site.clock.now(), time_zone)),
    online: !site.isSilent(camera),
    view: site.views.stateOf(camera_id) ?? (site.views.isWatching ? "learning" : "unwatched"),
    expected_severity: saidSeverity(site, camera_id),
    ...settings,
    ...(snoozed_until !== null && { snoozed_until }),
  };
}

/** What somebody has said that the severity of what people mean by the camera's last alert should have been. */
function saidSeverity(site: Site, cameraId: string): RiskLevel | null {
  const eventId = spokenOf(site, cameraId);
  return eventId === null ? null : (site.store.feedback.of(eventId)?.expected_severity ?? null);
}

/**
 * The states of the hub's entities, and the attributes of some: what is wrong, for one. `storageUsed` is in bytes; null
 * while nobody has measured it.
 */
export function hubFacts(site: Site, cameras: readonly LastUpload[], storageUsed: number | null) {
  const { store, settings } = site;
  const status = systemStatus(site);
  const { queue, services } = status;
  const shares = sharesNow(site);
  const { inference_ms, latency_ms } = store.totals.lastMeasured();
  const { snoozed_until, ...set } = settings.ofSite();
  const today = dayStart(site.clock.now(), site.timeZone);
  const states: Partial<Record<HubKey, State>> = {
    events_today: cameras.reduce((sum, { camera_id }) => sum + store.totals.eventsSince(camera_id, today), 0),
    waiting: queue.pending === null ? null : queue.pending + queue.processing,
    queue_detect: queue.detect,
    queue_analyze: queue.analyze,
    dead_letters: queue.dead,
    left_open: queue.open,
    detector: serverState(services, "detector"),
    llm: serverState(services, "llm"),
    detector_latency: inference_ms,
    llm_latency: latency_ms === null ? null : latency_ms / 1000,
    storage_used: storageUsed === null ? null : Number((storageUsed / MIB).toFixed(1)),
    ...retentionFacts(site),
    alarming_share: shares.alarming,
    ...set,
    ...(snoozed_until !== null && { snoozed_until }),
  };
  const health = healthFacts(status);
  return {
    states: { ...states, ...health.states },
    attributes: { ...health.attributes, alarming_share: sharesAttributes(shares, site.alarmingShare) },
  };
}

function sharesAttributes({ verdict, events, shares }: LevelShares, { min, max }: ShareRange) {
  const expected = { usual: USUAL_SHARES, expected_min: min, expected_max: max };
  return { verdict, events, days: SHARE_DAYS, ...expected, ...shares };
}

/** What the last run of retention came to; nothing of a site that has had none. */
function retentionFacts({ store }: Site): Partial<Record<HubKey, State>> {
  const run = store.retentionRuns.latest();
  if (!run) return {};
  const { result } = run;
  if (result === null) return { retention: "running" satisfies RetentionState };
  const ended: RetentionState = result.short_of_space ? "short" : "done";
  return {
    retention: result.error === null ? ended : ("failed" satisfies RetentionState),
    retention_last_run: result.ended_at,
    retention_freed: Number((result.freed_bytes / MIB).toFixed(1)),
  };
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

/** How the hub's entities say that the site is. */
export function healthFacts({ health, causes }: SystemStatus) {
  return {
    states: { problem: health !== "healthy", health },
    attributes: { problem: { causes: causes.map(({ text }) => text) } },
  };
}

/** How the servers of one kind are. */
function serverState(services: readonly ServiceStatus[], service: Service): ServerState {
  const states = services.filter((each) => each.service === service).map(({ state }) => state);
  if (states.length === 0) return "unused";
  return states.includes("down") ? "away" : "ok";
}
