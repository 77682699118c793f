/** What Home Assistant shows of the hub, a camera and a graphics card, declared once: for discovery, states and the docs. */
import { RISK_LEVELS } from "../domain/risk.ts";
import { MODES, RISK_THRESHOLD, SNOOZE_TIME } from "../domain/settings.ts";
import { SITE_HEALTH } from "../domain/system-status.ts";
import { VIEW_STATES } from "../domain/view.ts";
import type { Entities } from "./entity.ts";

/** The event type of an event that nobody could judge. */
export const NOT_ANALYZED = "not_analyzed";

const EVENT_TYPES = [...RISK_LEVELS, NOT_ANALYZED];

/** On for a while after each picture: uploads come as single pictures, and nobody says when what they show has ended. */
const SEEN = { platform: "binary_sensor", retained: false, off_delay: 30 } as const;

const EVENTS_TODAY = {
  platform: "sensor",
  name: "Events today",
  retained: true,
  state_class: "total_increasing",
  suggested_display_precision: 0,
  icon: "mdi:counter",
} as const;

const SNOOZE_MINUTES = {
  platform: "number",
  name: "Snooze time",
  retained: true,
  ...SNOOZE_TIME,
  step: 1,
  mode: "box",
  unit_of_measurement: "min",
  entity_category: "config",
  icon: "mdi:timer-outline",
} as const;
const SNOOZE = { platform: "button", name: "Snooze", retained: false, icon: "mdi:bell-sleep" } as const;
const SNOOZED_UNTIL = {
  platform: "sensor",
  name: "Snoozed until",
  retained: true,
  device_class: "timestamp",
} as const;

/**
 * What models took since midnight, of a camera or of all. Home Assistant takes a number that falls for the start of a new day,
 * and adds the days up: https://developers.home-assistant.io/docs/core/entity/sensor#long-term-statistics
 */
const TODAY = {
  platform: "sensor",
  retained: true,
  state_class: "total_increasing",
  suggested_display_precision: 0,
  entity_category: "diagnostic",
} as const;

const COST_ENTITIES = {
  analyses_today: {
    ...TODAY,
    name: "Analyses today",
    about: "Answers that models gave since midnight in the site's time zone, also on trial.",
    icon: "mdi:brain",
  },
  tokens_today: {
    ...TODAY,
    name: "Tokens today",
    about: "What models read and wrote for them; unknown where no server counts.",
    unit_of_measurement: "tokens",
    icon: "mdi:text-recognition",
  },
  model_time_today: {
    ...TODAY,
    name: "Model time today",
    about: "How long models took for them.",
    device_class: "duration",
    unit_of_measurement: "s",
  },
} as const satisfies Entities;

export type CostKey = keyof typeof COST_ENTITIES;

/** A camera's entities. */
export const CAMERA_ENTITIES = {
  security: {
    platform: "event",
    name: "Security",
    about: "Each event once, when its verdict is final: the risk level is its type, the event its attributes.",
    retained: false,
    event_types: EVENT_TYPES,
    icon: "mdi:shield-home",
  },
  alert: {
    platform: "event",
    name: "Alert",
    about: "Each alert that `risk-alert` lets through, with its severity as type: what automations should react to.",
    retained: false,
    event_types: EVENT_TYPES,
    icon: "mdi:alarm-light",
  },
  last_alert: {
    platform: "image",
    name: "Last alert",
    about: "The picture of the last alert, with boxes, up to 1280 pixels.",
    retained: true,
    content_type: "image/jpeg",
  },
  last_picture: {
    platform: "image",
    name: "Last picture",
    about: "The last picture that showed something, small and with boxes.",
    retained: true,
    content_type: "image/jpeg",
  },
  risk_score: {
    platform: "sensor",
    name: "Risk score",
    about: "Of the last event, 0 to 100; unknown where nobody could judge it.",
    retained: true,
    state_class: "measurement",
    suggested_display_precision: 0,
    icon: "mdi:gauge",
  },
  risk_level: {
    platform: "sensor",
    name: "Risk level",
    about: "Of the last event, by the site's bands.",
    retained: true,
    device_class: "enum",
    options: EVENT_TYPES,
    icon: "mdi:shield-alert",
  },
  summary: {
    platform: "sensor",
    name: "Summary",
    about: "One sentence on the last event, up to 255 characters.",
    retained: true,
    icon: "mdi:text-box-outline",
  },
  last_event: {
    platform: "sensor",
    name: "Last event",
    about: "When the last event began, by the camera's clock.",
    retained: true,
    device_class: "timestamp",
  },
  events_today: { ...EVENTS_TODAY, about: "Since midnight in the camera's time zone." },
  motion: { ...SEEN, name: "Motion", about: "Something was seen.", device_class: "motion" },
  person: { ...SEEN, name: "Person", about: "A person was seen.", device_class: "occupancy" },
  vehicle: { ...SEEN, name: "Vehicle", about: "A vehicle was seen.", device_class: "occupancy", icon: "mdi:car" },
  animal: { ...SEEN, name: "Animal", about: "An animal was seen.", device_class: "occupancy", icon: "mdi:paw" },
  online: {
    platform: "binary_sensor",
    name: "Online",
    about: "Off when the camera has uploaded nothing for as long as the site's form says.",
    retained: true,
    device_class: "connectivity",
    entity_category: "diagnostic",
  },
  view: {
    platform: "sensor",
    name: "View",
    about:
      "Whether the camera shows what it always does: `ok`, `blocked`, `moved`, `defocused`, or `frozen` where it sends the same picture again and again; `learning` until its view is known, `unwatched` where no `detect` watches.",
    retained: true,
    device_class: "enum",
    // Old versions of Home Assistant would show an enum that is not known as the text "None".
    options: [...VIEW_STATES, "learning", "unwatched"],
    entity_category: "diagnostic",
    icon: "mdi:cctv",
  },
  accept_view: {
    platform: "button",
    name: "Accept view",
    about: "Says that what the camera shows now is right, after it was moved: its view is learnt anew.",
    retained: false,
    entity_category: "config",
    icon: "mdi:image-check",
  },
  detection: {
    platform: "switch",
    name: "Detection",
    about: "Off: the camera's uploads are entered and skipped.",
    retained: true,
    entity_category: "config",
    icon: "mdi:eye",
  },
  alerts: {
    platform: "switch",
    name: "Alerts",
    about: "Off: the camera never alerts.",
    retained: true,
    entity_category: "config",
    icon: "mdi:bell",
  },
  risk_threshold: {
    platform: "number",
    name: "Risk threshold",
    about: "Below this score the camera never alerts, whatever the rules say.",
    retained: true,
    ...RISK_THRESHOLD,
    step: 1,
    mode: "slider",
    entity_category: "config",
    icon: "mdi:tune",
  },
  snooze_minutes: {
    ...SNOOZE_MINUTES,
    about: "How long the snooze button silences the camera; with 0 it ends a snooze.",
  },
  snooze: { ...SNOOZE, about: "Silences the camera's alerts for the snooze time, from now." },
  snoozed_until: { ...SNOOZED_UNTIL, about: "When the last snooze ends or has ended." },
  false_alarm: {
    platform: "button",
    name: "False alarm",
    about: "Says of the camera's last alert, or else of its last event, that it was none.",
    retained: false,
    icon: "mdi:thumb-down-outline",
  },
  last_decision: {
    platform: "sensor",
    name: "Last decision",
    about: "Why the last event alerted or did not; its attributes have every rule and every condition.",
    retained: true,
    entity_category: "diagnostic",
    attributes: true,
    icon: "mdi:comment-question-outline",
  },
  acknowledge: {
    platform: "button",
    name: "Acknowledge",
    about: "Says of the camera's last alert that somebody looks after it.",
    retained: false,
    icon: "mdi:check",
  },
  dismiss: {
    platform: "button",
    name: "Dismiss",
    about: "Says of the camera's last alert that nobody need look after it: it is brought up to date no more.",
    retained: false,
    icon: "mdi:close",
  },
  correct: {
    platform: "button",
    name: "Alert was right",
    about: "Says of the camera's last alert, or else of its last event, that it was judged right.",
    retained: false,
    icon: "mdi:thumb-up-outline",
  },
  missed: {
    platform: "button",
    name: "Missed alert",
    about: "Says of the camera's last event that somebody should have heard of it.",
    retained: false,
    icon: "mdi:bell-alert-outline",
  },
  expected_severity: {
    platform: "select",
    name: "Right severity",
    about: "Says of the camera's last alert, or else of its last event, what its severity should have been.",
    retained: true,
    options: RISK_LEVELS,
    icon: "mdi:shield-edit-outline",
  },
  ...COST_ENTITIES,
} as const satisfies Entities;

export type CameraKey = keyof typeof CAMERA_ENTITIES;

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

const MEASURED = {
  platform: "sensor",
  retained: true,
  state_class: "measurement",
  suggested_display_precision: 0,
} as const;
const MEMORY = { ...MEASURED, device_class: "data_size", unit_of_measurement: "MiB", icon: "mdi:memory" } as const;

/** A graphics card's entities; unknown where the card does not tell, or nothing does. */
export const GPU_ENTITIES = {
  problem: {
    platform: "binary_sensor",
    name: "Problem",
    about:
      "Whether a figure is at its limit or nothing tells of the card any more; its attributes say which, and `simulated`.",
    retained: true,
    device_class: "problem",
    entity_category: "diagnostic",
    attributes: true,
  },
  temperature: {
    ...MEASURED,
    name: "Temperature",
    about: "Of the chip.",
    device_class: "temperature",
    unit_of_measurement: "°C",
  },
  utilization: {
    ...MEASURED,
    name: "Utilization",
    about: "The share of the last moment in which it worked.",
    unit_of_measurement: "%",
    icon: "mdi:expansion-card",
  },
  memory_used: { ...MEMORY, name: "Memory used", about: "Of its own memory." },
  memory_total: { ...MEMORY, name: "Memory", about: "All of its own memory." },
  power_draw: { ...MEASURED, name: "Power", about: "What it draws.", device_class: "power", unit_of_measurement: "W" },
  fan_speed: {
    ...MEASURED,
    name: "Fan",
    about: "Of its full speed; a card that is cooled by its case has none.",
    unit_of_measurement: "%",
    icon: "mdi:fan",
  },
} as const satisfies Entities;

export type GpuKey = keyof typeof GPU_ENTITIES;
