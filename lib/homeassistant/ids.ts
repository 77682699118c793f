/** The ids that Home Assistant knows the hub, the cameras, the graphics cards and their entities by. */
import { ConfigError } from "../resilience/errors.ts";
import { CAMERA_ENTITIES, type CameraKey } from "./entities/camera.ts";
import type { Entity } from "./entity.ts";

/**
 * The hub's device; the ids of its entities begin with it.
 * @throws ConfigError `SITE_ID`
 */
export function hubId(siteId: string): string {
  if (!/^[a-z0-9_-]+$/.test(siteId)) {
    throw new ConfigError("SITE_ID", `"${siteId}" cannot be a site's id: it must have only a-z, 0-9, _ and -`);
  }
  return `vigil_${siteId}`;
}

/**
 * A camera's device; the ids of its entities begin with it.
 * @throws ConfigError `SITE_ID`
 */
export function cameraDeviceId(siteId: string, cameraId: string): string {
  return `${hubId(siteId)}_${cameraId}`;
}

/**
 * A graphics card's device; the ids of its entities begin with it. The hyphen keeps it from being a camera's.
 * @throws ConfigError `SITE_ID`
 */
export function gpuDeviceId(siteId: string, gpuId: string): string {
  return `${hubId(siteId)}_gpu-${gpuId}`;
}

/** What must never change of an entity, nor be another's. */
export function uniqueId(deviceId: string, key: string): string {
  return `${deviceId}_${key}`;
}

/** Under which it is found, unless somebody has changed it there: Home Assistant takes no `-`, nor two `_` in a row. */
export function entityId({ platform }: Entity, deviceId: string, key: string): string {
  return `${platform}.${uniqueId(deviceId, key).replaceAll(/[-_]+/g, "_")}`;
}

/** The same of one of a camera's entities. */
export function cameraEntityId(siteId: string, cameraId: string, key: CameraKey): string {
  return entityId(CAMERA_ENTITIES[key], cameraDeviceId(siteId, cameraId), key);
}
