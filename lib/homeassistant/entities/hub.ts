/** What Home Assistant shows of the hub, declared once: for discovery, states and the docs. */
import { MODES } from "../../domain/settings.ts";
import { SITE_HEALTH } from "../../domain/system-status.ts";
import type { Entities } from "../entity.ts";
import { COST_ENTITIES, EVENTS_TODAY, SNOOZE, SNOOZE_MINUTES, SNOOZED_UNTIL } from "./common.ts";

/** A number of things to look at, among the hub's diagnostics. */
const COUNT = {
  platform: "sensor",
  retained: true,
  state_class: "measurement",
  suggested_display_precision: 0,
  entity_category: "diagnostic",
} as const;

const LATENCY = {
  platform: "sensor",
  retained: true,
  device_class: "duration",
  state_class: "measurement",
  entity_category: "diagnostic",
} as const;

/** `unused`: no node of the site has such a server. */
const SERVER_STATES = ["ok", "away", "unused"] as const;
export type ServerState = (typeof SERVER_STATES)[number];

const SERVER = {
  platform: "sensor",
  retained: true,
  device_class: "enum",
  options: SERVER_STATES,
  entity_category: "diagnostic",
  icon: "mdi:server-network",
} as const;

/** `short`: it is through, and there is too little room all the same. */
const RETENTION_STATES = ["running", "done", "short", "failed"] as const;
export type RetentionState = (typeof RETENTION_STATES)[number];

/** The hub's entities. `running` reads the availability topic, so it shows off where others would be unavailable. */
export const HUB_ENTITIES = {
  running: {
    platform: "binary_sensor",
    name: "Running",
    about: "Whether Vigil is connected to the broker.",
    retained: true,
    device_class: "running",
    entity_category: "diagnostic",
    payload_on: "online",
    payload_off: "offline",
  },
  problem: {
    platform: "binary_sensor",
    name: "Problem",
    about: "Whether somebody should look after Vigil; the attribute `causes` says why.",
    retained: true,
    device_class: "problem",
    entity_category: "diagnostic",
    attributes: true,
  },
  health: {
    platform: "sensor",
    name: "Health",
    about: "Unhealthy: it does not do what it is for. Degraded: it does, but see the problem's causes.",
    retained: true,
    device_class: "enum",
    options: SITE_HEALTH,
    entity_category: "diagnostic",
    icon: "mdi:heart-pulse",
  },
  mode: {
    platform: "select",
    name: "Mode",
    about: "What the household is up to, for rules and for the model; with `off` only rules alert that name it.",
    retained: true,
    options: MODES,
    icon: "mdi:home-lock",
  },
  alerts: {
    platform: "switch",
    name: "Alerts",
    about: "Off: no camera alerts.",
    retained: true,
    icon: "mdi:bell",
  },
  snooze_minutes: {
    ...SNOOZE_MINUTES,
    about: "How long the snooze button silences all cameras; with 0 it ends a snooze.",
  },
  snooze: { ...SNOOZE, about: "Silences all cameras' alerts for the snooze time, from now." },
  snoozed_until: { ...SNOOZED_UNTIL, about: "When the last snooze of all cameras ends or has ended." },
  events_today: { ...EVENTS_TODAY, about: "Of all cameras, since midnight in the site's time zone." },
  waiting: { ...COUNT, name: "Waiting", about: "Uploads and jobs whose turn has not come yet." },
  queue_detect: { ...COUNT, name: "Waiting for detection", about: "Jobs of the site's `detect` nodes." },
  queue_analyze: { ...COUNT, name: "Waiting for analysis", about: "Jobs of the site's `nemotron-analyze` nodes." },
  dead_letters: { ...COUNT, name: "Dead letters", about: "Jobs that failed for good and wait for a decision." },
  left_open: { ...COUNT, name: "Left open", about: "Messages that no node took, though the wiring leads to one." },
  detector: { ...SERVER, name: "Detector", about: "Whether the detector's server answers." },
  detector_latency: {
    ...LATENCY,
    name: "Detector latency",
    about: "Of the last picture that was looked at.",
    unit_of_measurement: "ms",
    suggested_display_precision: 0,
  },
  llm: { ...SERVER, name: "Language model", about: "Whether the language model's server answers." },
  llm_latency: {
    ...LATENCY,
    name: "Language model latency",
    about: "Of the last event that the model judged.",
    unit_of_measurement: "s",
    suggested_display_precision: 1,
  },
  storage_used: {
    platform: "sensor",
    name: "Storage used",
    about: "What the data folder takes: database, pictures and all.",
    retained: true,
    device_class: "data_size",
    state_class: "measurement",
    unit_of_measurement: "MiB",
    suggested_display_precision: 0,
    entity_category: "diagnostic",
  },
  retention: {
    platform: "sensor",
    name: "Retention",
    about: "What the last run of `retention` came to; unknown where there is none.",
    retained: true,
    device_class: "enum",
    options: RETENTION_STATES,
    entity_category: "diagnostic",
    icon: "mdi:broom",
  },
  retention_last_run: {
    platform: "sensor",
    name: "Retention last run",
    about: "When the last run of `retention` ended.",
    retained: true,
    device_class: "timestamp",
    entity_category: "diagnostic",
  },
  retention_freed: {
    platform: "sensor",
    name: "Retention freed",
    about: "The room that the last run of `retention` gave back.",
    retained: true,
    device_class: "data_size",
    unit_of_measurement: "MiB",
    suggested_display_precision: 0,
    entity_category: "diagnostic",
  },
  alarming_share: {
    platform: "sensor",
    name: "High and critical",
    about:
      "The share of the last 7 days' events; unknown while there are fewer than 50. Its attributes have all levels, what is expected, and a verdict.",
    retained: true,
    state_class: "measurement",
    unit_of_measurement: "%",
    suggested_display_precision: 1,
    entity_category: "diagnostic",
    attributes: true,
    icon: "mdi:chart-donut",
  },
  ...COST_ENTITIES,
} as const satisfies Entities;

export type HubKey = keyof typeof HUB_ENTITIES;
