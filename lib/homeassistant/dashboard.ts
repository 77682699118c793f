/**
 * A dashboard with a site's hub and cameras, for people to paste into Home Assistant. Only of cards that every version
 * brings, with options that 2024.3 has.
 */
import { stringify } from "yaml";
import type { Camera } from "../domain/camera.ts";
import { CAMERA_ENTITIES, type CameraKey } from "./entities/camera.ts";
import { HUB_ENTITIES, type HubKey } from "./entities/hub.ts";
import type { Entity } from "./entity.ts";
import { cameraDeviceId, entityId, hubId } from "./ids.ts";

export interface DashboardSite {
  /** `[a-z0-9_-]+`, part of every id. */
  readonly siteId: string;
  readonly siteName: string;
  readonly cameras: readonly Pick<Camera, "camera_id" | "name">[];
}

interface Card {
  readonly type: string;
  readonly [option: string]: unknown;
}

/** An entity on a card; the name without the device's, which the card's title says. */
interface Row {
  readonly entity: string;
  readonly name: string;
}

/** A device by the keys of its entities. */
interface Device<K extends string> {
  readonly name: string;
  idOf(key: K): string;
  row(key: K): Row;
}

type CameraDevice = Device<CameraKey>;
type Hub = Device<HubKey>;

const ALERT_HOURS = 48;
const RISK_HOURS = 168;
const HEALTH_HOURS = 24;

/**
 * The dashboard as YAML, which every name survives: Home Assistant reads YAML 1.1, its editor 1.2.
 * @throws ConfigError `SITE_ID`
 */
export function dashboardYaml({ siteId, siteName, cameras }: DashboardSite): string {
  const hub = device(siteName, hubId(siteId), HUB_ENTITIES);
  const devices = cameras.map(({ camera_id, name }) =>
    device(name, cameraDeviceId(siteId, camera_id), CAMERA_ENTITIES),
  );
  // A logbook and a graph of nothing are errors to Home Assistant.
  const ofCameras = devices.length > 0 ? [alertsView(devices), settingsView(devices)] : [];
  const views = [overview(hub, devices), ...ofCameras, healthView(hub)];
  return stringify({ views }, { version: "1.1", lineWidth: 0 });
}

function device<K extends string>(name: string, id: string, entities: Readonly<Record<K, Entity>>): Device<K> {
  const idOf = (key: K) => entityId(entities[key], id, key);
  return { name, idOf, row: (key) => ({ entity: idOf(key), name: entities[key].name }) };
}

function overview(hub: Hub, cameras: readonly CameraDevice[]): object {
  const ofHub = rows(hub, ["mode", "alerts", "snooze_minutes", "snooze", "snoozed_until", "events_today", "problem"]);
  return {
    title: "Overview",
    path: "overview",
    icon: "mdi:shield-home",
    cards: [{ type: "entities", title: hub.name, entities: ofHub }, ...cameras.map(cameraCard)],
  };
}

function cameraCard(camera: CameraDevice): Card {
  const tile = (key: CameraKey): Card => ({ type: "tile", ...camera.row(key) });
  return {
    type: "vertical-stack",
    cards: [
      {
        type: "picture-glance",
        title: camera.name,
        image_entity: camera.idOf("last_picture"),
        entities: (["person", "vehicle", "animal", "online"] as const).map(camera.idOf),
      },
      {
        type: "grid",
        columns: 2,
        square: false,
        cards: (["risk_level", "risk_score", "last_event", "events_today"] as const).map(tile),
      },
      { type: "entities", entities: rows(camera, ["summary", "snooze", "false_alarm"]) },
    ],
  };
}

function alertsView(cameras: readonly CameraDevice[]): object {
  return {
    title: "Alerts",
    path: "alerts",
    icon: "mdi:alarm-light",
    cards: [
      {
        type: "logbook",
        title: "Alerts",
        hours_to_show: ALERT_HOURS,
        entities: cameras.map(({ idOf }) => idOf("alert")),
      },
      {
        type: "history-graph",
        title: "Risk scores",
        hours_to_show: RISK_HOURS,
        entities: cameras.map(({ name, idOf }) => ({ entity: idOf("risk_score"), name })),
      },
      ...cameras.map(({ name, idOf }) => ({
        type: "picture-entity",
        entity: idOf("last_alert"),
        name,
        show_state: false,
      })),
    ],
  };
}

function settingsView(cameras: readonly CameraDevice[]): object {
  const keys = ["detection", "alerts", "risk_threshold", "snooze_minutes", "snoozed_until"] as const;
  return {
    title: "Settings",
    path: "settings",
    icon: "mdi:tune",
    cards: cameras.map((camera) => ({
      type: "entities",
      title: camera.name,
      show_header_toggle: false,
      entities: rows(camera, keys),
    })),
  };
}

function healthView(hub: Hub): object {
  const graph = (title: string, keys: readonly HubKey[]): Card => ({
    type: "history-graph",
    title,
    hours_to_show: HEALTH_HOURS,
    entities: rows(hub, keys),
  });
  const diagnostics = (Object.keys(HUB_ENTITIES) as HubKey[]).filter(
    (key) => "entity_category" in HUB_ENTITIES[key] && HUB_ENTITIES[key].entity_category === "diagnostic",
  );
  return {
    title: "Health",
    path: "health",
    icon: "mdi:heart-pulse",
    cards: [
      { type: "entities", title: hub.name, entities: rows(hub, diagnostics) },
      graph("Queues", ["queue_detect", "queue_analyze"]),
      graph("Latencies", ["detector_latency", "llm_latency"]),
    ],
  };
}

function rows<K extends string>({ row }: Device<K>, keys: readonly K[]): Row[] {
  return keys.map(row);
}
