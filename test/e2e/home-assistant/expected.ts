/** What Home Assistant must show of Vigil, from the entity model. */
import { CAMERA_DEFAULTS, SITE_DEFAULTS } from "../../../lib/domain/settings.ts";
import { CAMERA_ENTITIES, type CameraKey } from "../../../lib/homeassistant/entities/camera.ts";
import { HUB_ENTITIES, type HubKey } from "../../../lib/homeassistant/entities/hub.ts";
import type { Entities, Platform } from "../../../lib/homeassistant/entity.ts";
import { SITE, VERDICT } from "./house.ts";

export interface ExpectedEntity {
  readonly key: string;
  readonly platform: Platform;
  readonly entityId: string;
  readonly uniqueId: string;
  readonly category: string | null;
  readonly retained: boolean | "OFF";
  /** What its state must have as attributes. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface ExpectedDevice {
  /** As Vigil identifies it. */
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly entities: readonly ExpectedEntity[];
}

/** A state: a text, or what it must match. */
export type ExpectedState = string | RegExp;

/** What Home Assistant makes attributes of, all of it in every version. */
const SHOWN = new Set([
  ...["device_class", "unit_of_measurement", "state_class", "icon", "event_types"],
  ...["min", "max", "step", "mode"],
]);

/** The form of the states that are times. */
export const AN_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const A_NUMBER = /^\d+(\.\d+)?$/;
const UNKNOWN = "unknown";
/** Nobody has pressed it since Home Assistant started. */
const UNPRESSED = UNKNOWN;

/** Of a hub that has nothing left to do. */
export const HUB_AT_REST: Readonly<Record<HubKey, ExpectedState>> = {
  running: "on",
  problem: "off",
  health: "healthy",
  mode: SITE_DEFAULTS.mode,
  alerts: "on",
  snooze_minutes: String(SITE_DEFAULTS.snooze_minutes),
  snooze: UNPRESSED,
  snoozed_until: UNKNOWN,
  events_today: A_NUMBER,
  analyses_today: A_NUMBER,
  tokens_today: A_NUMBER,
  model_time_today: A_NUMBER,
  waiting: "0",
  queue_detect: "0",
  queue_analyze: "0",
  dead_letters: "0",
  left_open: "0",
  detector: "ok",
  detector_latency: A_NUMBER,
  llm: "ok",
  llm_latency: A_NUMBER,
  storage_used: A_NUMBER,
  retention: UNKNOWN,
  retention_last_run: UNKNOWN,
  retention_freed: UNKNOWN,
  alarming_share: UNKNOWN,
};

/** Of a camera after its first picture, on which there is a person, and the model's verdict. */
export const CAMERA_AFTER_UPLOAD: Readonly<Record<CameraKey, ExpectedState>> = {
  security: AN_INSTANT,
  alert: AN_INSTANT,
  last_alert: AN_INSTANT,
  last_picture: AN_INSTANT,
  risk_score: String(VERDICT.risk_score),
  risk_level: VERDICT.risk_level,
  summary: VERDICT.summary,
  last_event: AN_INSTANT,
  events_today: "1",
  analyses_today: "1",
  tokens_today: A_NUMBER,
  model_time_today: A_NUMBER,
  motion: "on",
  person: "on",
  vehicle: "off",
  animal: "off",
  online: "on",
  // It takes five pictures to learn it.
  view: "learning",
  accept_view: UNPRESSED,
  detection: "on",
  alerts: "on",
  risk_threshold: String(CAMERA_DEFAULTS.risk_threshold),
  snooze_minutes: String(CAMERA_DEFAULTS.snooze_minutes),
  snooze: UNPRESSED,
  snoozed_until: UNKNOWN,
  false_alarm: UNPRESSED,
  last_decision: /^Rule "High risk" holds$/,
  acknowledge: UNPRESSED,
  dismiss: UNPRESSED,
  correct: UNPRESSED,
  missed: UNPRESSED,
  expected_severity: UNKNOWN,
};

export const HUB: ExpectedDevice = device(`vigil_${SITE}`, SITE, "Hub", HUB_ENTITIES);

/** `folder` is the camera's folder, which names it. */
export function expectedCamera(cameraId: string, folder: string): ExpectedDevice {
  return device(`${HUB.id}_${cameraId}`, folder, "Camera", CAMERA_ENTITIES);
}

/** Of a camera's entity, by its key. */
export function cameraEntity(cameraId: string, key: CameraKey): string {
  return `${CAMERA_ENTITIES[key].platform}.${HUB.id}_${cameraId}_${key}`;
}

/** Of the hub's entity, by its key. */
export function hubEntity(key: HubKey): string {
  return `${HUB_ENTITIES[key].platform}.${HUB.id}_${key}`;
}

function device(id: string, name: string, model: string, entities: Entities): ExpectedDevice {
  return {
    id,
    name,
    model,
    entities: Object.entries(entities).map(([key, entity]) => ({
      key,
      platform: entity.platform,
      entityId: `${entity.platform}.${id}_${key}`,
      uniqueId: `${id}_${key}`,
      category: ("entity_category" in entity && entity.entity_category) || null,
      retained: entity.retained,
      attributes: {
        friendly_name: `${name} ${entity.name}`,
        ...Object.fromEntries(Object.entries(entity).filter(([field]) => SHOWN.has(field))),
      },
    })),
  };
}
