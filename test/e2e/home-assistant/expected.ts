/** What Home Assistant must show of Vigil, from the entity model. */
import {
  CAMERA_ENTITIES,
  type CameraKey,
  type Entity,
  HUB_ENTITIES,
  type HubKey,
} from "../../../lib/homeassistant/entities.ts";
import { SITE, VERDICT } from "./house.ts";

export interface ExpectedEntity {
  readonly key: string;
  readonly entityId: string;
  readonly uniqueId: string;
  readonly category: string | null;
  readonly retained: boolean;
  readonly platform: Entity["platform"];
  /** What its state's attributes must have; undefined where they must not have it. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Of a device: how Vigil identifies it, how people call it. */
export interface ExpectedDevice {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly entities: readonly ExpectedEntity[];
}

/** The form of the states that are times. */
export const AN_INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/** Of a hub whose work is done. */
export const HUB_AT_REST: Readonly<Record<HubKey, string>> = {
  running: "on",
  waiting: "0",
  dead_letters: "0",
  left_open: "0",
};

/** Of a camera just after a picture that the model has judged. */
export const CAMERA_AFTER_UPLOAD: Readonly<Record<CameraKey, string | RegExp>> = {
  security: AN_INSTANT,
  risk_score: String(VERDICT.risk_score),
  summary: VERDICT.summary,
  last_picture: AN_INSTANT,
  motion: "on",
  person: "on",
};

export function expectedHub(): ExpectedDevice {
  const id = `vigil_${SITE}`;
  return { id, name: SITE, model: "Hub", entities: expectedEntities(id, SITE, HUB_ENTITIES) };
}

/** `name` is that of the camera's folder, from which the id comes. */
export function expectedCamera(cameraId: string, name: string): ExpectedDevice {
  const id = `vigil_${SITE}_${cameraId}`;
  return { id, name, model: "Camera", entities: expectedEntities(id, name, CAMERA_ENTITIES) };
}

/** Of a camera's entity, by its key. */
export function entityIdOf(cameraId: string, key: CameraKey): string {
  return `${CAMERA_ENTITIES[key].platform}.vigil_${SITE}_${cameraId}_${key}`;
}

function expectedEntities(deviceId: string, deviceName: string, model: Readonly<Record<string, Entity>>) {
  return Object.entries(model).map(([key, entity]): ExpectedEntity => {
    const { platform, name, retained, device_class, unit_of_measurement, state_class, event_types } = entity;
    return {
      key,
      entityId: `${platform}.${deviceId}_${key}`,
      uniqueId: `${deviceId}_${key}`,
      category: entity.entity_category ?? null,
      retained,
      platform,
      attributes: {
        friendly_name: `${deviceName} ${name}`,
        device_class,
        unit_of_measurement,
        state_class,
        event_types,
      },
    };
  });
}
