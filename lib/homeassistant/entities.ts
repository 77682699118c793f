/** What Home Assistant shows of a camera and of the hub, declared once: discovery, states and the docs come from here. */
import { RISK_LEVELS } from "../domain/risk.ts";

/** One entity. The fields with underscores are Home Assistant's own and go into its discovery message as they are. */
export interface Entity {
  readonly platform: "binary_sensor" | "event" | "image" | "sensor";
  /** As people read it; Home Assistant puts the device's name before it. */
  readonly name: string;
  /** Whether the broker keeps the last state, so that Home Assistant has it again after a restart. */
  readonly retained: boolean;
  readonly device_class?: "motion" | "occupancy" | "running";
  readonly entity_category?: "diagnostic";
  readonly unit_of_measurement?: string;
  readonly state_class?: "measurement";
  readonly suggested_display_precision?: number;
  readonly event_types?: readonly string[];
  readonly content_type?: "image/jpeg";
  readonly payload_on?: string;
  readonly payload_off?: string;
  /** Seconds after which Home Assistant itself turns the entity off. Never retained: a replay would turn it on again. */
  readonly off_delay?: number;
}

/** The event type of an event that nobody could judge. */
export const NOT_ANALYZED = "not_analyzed";

/** Uploads come as single pictures and nobody says when the motion ended. */
const OFF_DELAY_S = 30;

/** A camera's entities, each by its key, which is also the last level of its state topic. */
export const CAMERA_ENTITIES = {
  security: {
    platform: "event",
    name: "Security",
    retained: false,
    event_types: [...RISK_LEVELS, NOT_ANALYZED],
  },
  risk_score: {
    platform: "sensor",
    name: "Risk score",
    retained: true,
    state_class: "measurement",
    suggested_display_precision: 0,
  },
  summary: { platform: "sensor", name: "Summary", retained: true },
  last_picture: { platform: "image", name: "Last picture", retained: true, content_type: "image/jpeg" },
  motion: {
    platform: "binary_sensor",
    name: "Motion",
    retained: false,
    device_class: "motion",
    off_delay: OFF_DELAY_S,
  },
  person: {
    platform: "binary_sensor",
    name: "Person",
    retained: false,
    device_class: "occupancy",
    off_delay: OFF_DELAY_S,
  },
} as const satisfies Readonly<Record<string, Entity>>;

export type CameraKey = keyof typeof CAMERA_ENTITIES;

/** A number of things to look at, among the hub's diagnostics. */
const COUNT = {
  platform: "sensor",
  retained: true,
  state_class: "measurement",
  suggested_display_precision: 0,
  entity_category: "diagnostic",
} as const;

/** The hub's entities. `running` reads the availability topic, so it shows off where others would be unavailable. */
export const HUB_ENTITIES = {
  running: {
    platform: "binary_sensor",
    name: "Running",
    retained: true,
    device_class: "running",
    entity_category: "diagnostic",
    payload_on: "online",
    payload_off: "offline",
  },
  waiting: { ...COUNT, name: "Waiting" },
  dead_letters: { ...COUNT, name: "Dead letters" },
  left_open: { ...COUNT, name: "Left open" },
} as const satisfies Readonly<Record<string, Entity>>;

export type HubKey = keyof typeof HUB_ENTITIES;
