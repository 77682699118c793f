/** One entity as Vigil declares it. The fields with underscores are Home Assistant's own, and go into its discovery as they are. */

interface Declared {
  /** As people read it; Home Assistant puts the device's name before it. */
  readonly name: string;
  /** What it tells or does, in a sentence for the table of entities. */
  readonly about: string;
  /** Whether the broker keeps the last state, so that Home Assistant has it again after a restart; or the one that it keeps. */
  readonly retained: boolean | "OFF";
  readonly icon?: `mdi:${string}`;
}

interface BinarySensor extends Declared {
  readonly platform: "binary_sensor";
  readonly device_class?: "connectivity" | "motion" | "occupancy" | "problem" | "running";
  readonly entity_category?: "diagnostic";
  readonly payload_on?: string;
  readonly payload_off?: string;
  /** Seconds after which Home Assistant itself turns the entity off. On is never retained: a replay would turn it on again. */
  readonly off_delay?: number;
  /** Whether it has attributes, on a topic of their own. */
  readonly attributes?: true;
}

interface Button extends Declared {
  readonly platform: "button";
  readonly retained: false;
  readonly entity_category?: "config" | "diagnostic";
}

interface Event extends Declared {
  readonly platform: "event";
  readonly event_types: readonly string[];
}

interface Image extends Declared {
  readonly platform: "image";
  readonly content_type: "image/jpeg";
}

interface Number extends Declared {
  readonly platform: "number";
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly mode: "box" | "slider";
  readonly unit_of_measurement?: string;
  readonly entity_category: "config";
}

interface Select extends Declared {
  readonly platform: "select";
  readonly options: readonly string[];
  readonly entity_category?: "config";
}

interface Sensor extends Declared {
  readonly platform: "sensor";
  readonly device_class?: "data_size" | "duration" | "enum" | "power" | "temperature" | "timestamp";
  readonly entity_category?: "diagnostic";
  readonly unit_of_measurement?: string;
  readonly state_class?: "measurement" | "total_increasing";
  readonly suggested_display_precision?: number;
  /** Of an enum; a Home Assistant before 2024.9 takes no notice of it. */
  readonly options?: readonly string[];
  /** Whether it has attributes, on a topic of their own. */
  readonly attributes?: true;
}

interface Switch extends Declared {
  readonly platform: "switch";
  readonly entity_category?: "config";
}

export type Entity = BinarySensor | Button | Event | Image | Number | Select | Sensor | Switch;
export type Platform = Entity["platform"];

/** Entities by their keys. A key is the last level of the entity's topic and the end of its unique id. */
export type Entities = Readonly<Record<string, Entity>>;

/** Whether the entity takes commands, on its topic with `/set` behind it. */
export function takesCommands({ platform }: Entity): boolean {
  return platform === "button" || platform === "number" || platform === "select" || platform === "switch";
}
