/** What Home Assistant shows of a graphics card, declared once: for discovery, states and the docs. */
import type { Entities } from "../entity.ts";

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
