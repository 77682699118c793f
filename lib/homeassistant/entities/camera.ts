/** What Home Assistant shows of a camera, declared once: for discovery, states and the docs. */
import { RISK_LEVELS } from "../../domain/risk.ts";
import { RISK_THRESHOLD } from "../../domain/settings.ts";
import { VIEW_STATES } from "../../domain/view.ts";
import type { Entities } from "../entity.ts";
import { COST_ENTITIES, EVENTS_TODAY, SNOOZE, SNOOZE_MINUTES, SNOOZED_UNTIL } from "./common.ts";

/** The event type of an event that nobody could judge. */
export const NOT_ANALYZED = "not_analyzed";

const EVENT_TYPES = [...RISK_LEVELS, NOT_ANALYZED];

/** On for a while after each picture: uploads come as single pictures, and nobody says when what they show has ended. */
const SEEN = { platform: "binary_sensor", retained: "OFF", off_delay: 30 } as const;

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
