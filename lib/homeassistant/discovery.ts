/**
 * MQTT discovery messages, one for each entity: the form that every Home Assistant version takes. Home Assistant 2024.3
 * drops an entity over a key of `device` or `origin` that it does not know, so newer ones stay out.
 */
import type { Camera } from "../domain/camera.ts";
import type { GpuSample } from "../domain/gpu.ts";
import type { MqttPacket } from "../domain/mqtt-packet.ts";
import { attributesTopic, commandTopic, type Topics } from "../domain/topics.ts";
import { CAMERA_ENTITIES } from "./entities/camera.ts";
import { GPU_ENTITIES } from "./entities/gpu.ts";
import { HUB_ENTITIES, type HubKey } from "./entities/hub.ts";
import { type Entities, type Entity, takesCommands } from "./entity.ts";
import { cameraDeviceId, entityId, gpuDeviceId, hubId, uniqueId } from "./ids.ts";

export interface DiscoverySite {
  /** `[a-z0-9_-]+`, part of every id. */
  readonly siteId: string;
  readonly siteName: string;
  readonly topics: Topics;
  /** Home Assistant's own, mostly `homeassistant`. */
  readonly discoveryPrefix: string;
  /** Of this package. */
  readonly version: string;
}

export interface DiscoveryCamera extends DiscoverySite {
  readonly camera: Pick<Camera, "camera_id" | "name">;
}

export interface DiscoveryGpu extends DiscoverySite {
  readonly gpu: Pick<GpuSample, "gpu_id" | "name">;
}

/** Who made a discovery message. */
export const ORIGIN = "node-red-contrib-vigil";
const MANUFACTURER = "Vigil";
const RUNNING: HubKey = "running";

/**
 * The hub's messages. Publish them before any camera's: an older Home Assistant never links a camera to a hub that it
 * meets later.
 * @throws ConfigError `SITE_ID`
 */
export function hubDiscovery(site: DiscoverySite): MqttPacket[] {
  const hub = hubId(site.siteId);
  const device = {
    identifiers: [hub],
    name: site.siteName,
    manufacturer: MANUFACTURER,
    model: "Hub",
    sw_version: site.version,
  };
  const { availability, hub: topicOf } = site.topics;
  return Object.entries<Entity>(HUB_ENTITIES).map(([key, entity]) =>
    render(site, entity, hub, key, {
      ...(key === RUNNING ? { state_topic: availability } : topicsOf(entity, topicOf(key), availability)),
      device,
    }),
  );
}

/**
 * A camera's messages.
 * @throws ConfigError `SITE_ID`
 */
export function cameraDiscovery({ camera, ...site }: DiscoveryCamera): MqttPacket[] {
  const { camera_id, name } = camera;
  const device = { id: cameraDeviceId(site.siteId, camera_id), name, model: "Camera" };
  return belowHub(site, device, CAMERA_ENTITIES, (key) => site.topics.camera(camera_id, key));
}

/**
 * A graphics card's messages.
 * @throws ConfigError `SITE_ID`
 */
export function gpuDiscovery({ gpu, ...site }: DiscoveryGpu): MqttPacket[] {
  const { gpu_id, name } = gpu;
  const device = { id: gpuDeviceId(site.siteId, gpu_id), name, model: "Graphics card" };
  return belowHub(site, device, GPU_ENTITIES, (key) => site.topics.gpu(gpu_id, key));
}

/** The messages of a device that came with the hub. */
function belowHub(
  site: DiscoverySite,
  { id, name, model }: { readonly id: string; readonly name: string; readonly model: string },
  entities: Entities,
  topicOf: (key: string) => string,
): MqttPacket[] {
  const device = { identifiers: [id], name, manufacturer: MANUFACTURER, model, via_device: hubId(site.siteId) };
  return Object.entries(entities).map(([key, entity]) =>
    render(site, entity, id, key, { ...topicsOf(entity, topicOf(key), site.topics.availability), device }),
  );
}

/** Where an entity's state is, and where it takes commands. */
function topicsOf(entity: Entity, topic: string, availability: string): object {
  const { platform } = entity;
  return {
    ...(platform !== "button" && { [platform === "image" ? "image_topic" : "state_topic"]: topic }),
    ...("attributes" in entity && { json_attributes_topic: attributesTopic(topic) }),
    ...(takesCommands(entity) && { command_topic: commandTopic(topic) }),
    availability: [{ topic: availability }],
  };
}

function render(site: DiscoverySite, entity: Entity, deviceId: string, key: string, rest: object): MqttPacket {
  const { platform, retained: _, about: __, attributes: ___, ...own } = { attributes: null, ...entity };
  const id = uniqueId(deviceId, key);
  const message = {
    ...own,
    ...rest,
    unique_id: id,
    // Before 2025.10 Home Assistant reads the one, from 2026.4 on only the other; with both it is silent in between.
    object_id: id,
    default_entity_id: entityId(entity, deviceId, key),
    qos: 1,
    origin: { name: ORIGIN, sw_version: site.version },
  };
  return {
    topic: `${site.discoveryPrefix}/${platform}/${id}/config`,
    payload: JSON.stringify(message),
    retain: true,
  };
}
