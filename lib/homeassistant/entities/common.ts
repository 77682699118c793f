/** What the hub and a camera both have: events, snoozes and what models took. */
import { SNOOZE_TIME } from "../../domain/settings.ts";
import type { Entities } from "../entity.ts";

export const EVENTS_TODAY = {
  platform: "sensor",
  name: "Events today",
  retained: true,
  state_class: "total_increasing",
  suggested_display_precision: 0,
  icon: "mdi:counter",
} as const;

export const SNOOZE_MINUTES = {
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
export const SNOOZE = { platform: "button", name: "Snooze", retained: false, icon: "mdi:bell-sleep" } as const;
export const SNOOZED_UNTIL = {
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

export const COST_ENTITIES = {
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
