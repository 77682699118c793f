/**
 * What Home Assistant 2024.3 accepts as discovery, stricter than it is itself: it drops a mistyped key in silence, here
 * that fails. Only the platforms that Vigil uses.
 */
import assert from "node:assert/strict";
import { z } from "zod";
import type { MqttPacket } from "../../../lib/domain/mqtt-packet.ts";

const Id = z.string().regex(/^[a-zA-Z0-9_-]+$/);
const Topic = z.string().regex(/^[^+#\0]+$/);
const Text = z.string().min(1);
const Template = Text;

/** Closed in Home Assistant too: one more key and there is no entity. */
const Device = z
  .strictObject({
    identifiers: z.array(Text).min(1).optional(),
    connections: z
      .array(z.tuple([Text, Text]))
      .min(1)
      .optional(),
    name: Text,
    manufacturer: Text.optional(),
    model: Text.optional(),
    hw_version: Text.optional(),
    serial_number: Text.optional(),
    sw_version: Text.optional(),
    suggested_area: Text.optional(),
    configuration_url: z.url({ protocol: /^(https?|homeassistant)$/ }).optional(),
    via_device: Text.optional(),
  })
  .refine((device) => device.identifiers ?? device.connections, "a device needs identifiers or connections");

const Origin = z.strictObject({ name: Text, sw_version: Text.optional(), support_url: z.url().optional() });

const Availability = z.strictObject({
  topic: Topic,
  payload_available: Text.optional(),
  payload_not_available: Text.optional(),
  value_template: Template.optional(),
});

const common = {
  unique_id: Id,
  device: Device,
  origin: Origin,
  name: Text.nullable(),
  object_id: Id,
  default_entity_id: z.string().regex(/^[a-z_]+\.[a-z0-9]+(_[a-z0-9]+)*$/),
  icon: z
    .string()
    .regex(/^mdi:[a-z0-9-]+$/)
    .optional(),
  enabled_by_default: z.boolean().optional(),
  availability: z.array(Availability).min(1).optional(),
  availability_mode: z.enum(["all", "any", "latest"]).optional(),
  json_attributes_topic: Topic.optional(),
  json_attributes_template: Template.optional(),
  qos: z.literal([0, 1, 2]),
  encoding: z.string().optional(),
};

const Seconds = z.int().positive();

/** Of what only shows something. */
const shown = { entity_category: z.literal("diagnostic").optional() };
/** Of what takes commands. Retained ones would be obeyed again at each connection. */
const controlled = {
  entity_category: z.enum(["config", "diagnostic"]).optional(),
  command_topic: Topic,
  command_template: Template.optional(),
  retain: z.literal(false).optional(),
};
const Options = z.array(Text).min(1);

const BINARY_SENSOR_CLASSES = (
  "battery battery_charging carbon_monoxide cold connectivity door garage_door gas heat light lock moisture motion " +
  "moving occupancy opening plug power presence problem running safety smoke sound tamper update vibration window"
).split(" ");

/** Those that a security system has a use for. */
const SENSOR_CLASSES = "data_size date duration enum power temperature timestamp".split(" ");

const PLATFORMS = {
  binary_sensor: z.strictObject({
    ...common,
    ...shown,
    state_topic: Topic,
    value_template: Template.optional(),
    payload_on: Text.optional(),
    payload_off: Text.optional(),
    device_class: z.enum(BINARY_SENSOR_CLASSES).optional(),
    off_delay: Seconds.optional(),
    expire_after: Seconds.optional(),
    force_update: z.boolean().optional(),
  }),
  event: z.strictObject({
    ...common,
    ...shown,
    state_topic: Topic,
    value_template: Template.optional(),
    event_types: z.array(Text).min(1),
    device_class: z.enum(["button", "doorbell", "motion"]).optional(),
  }),
  image: z
    .strictObject({
      ...common,
      ...shown,
      image_topic: Topic.optional(),
      image_encoding: z.literal("b64").optional(),
      content_type: z
        .string()
        .regex(/^image\/[a-z+]+$/)
        .optional(),
      url_topic: Topic.optional(),
      url_template: Template.optional(),
    })
    .refine(({ image_topic, url_topic }) => (image_topic === undefined) !== (url_topic === undefined), "one of the two")
    .refine(({ image_topic, content_type }) => image_topic !== undefined || content_type === undefined, "bytes only"),
  sensor: z
    .strictObject({
      ...common,
      ...shown,
      state_topic: Topic,
      value_template: Template.optional(),
      device_class: z.enum(SENSOR_CLASSES).optional(),
      // Before 2024.9 it is dropped.
      options: Options.optional(),
      state_class: z.enum(["measurement", "total", "total_increasing"]).optional(),
      unit_of_measurement: Text.optional(),
      suggested_display_precision: z.int().nonnegative().optional(),
      expire_after: Seconds.optional(),
      force_update: z.boolean().optional(),
    })
    .refine(
      ({ device_class, state_class, unit_of_measurement }) =>
        !["date", "enum", "timestamp"].includes(device_class ?? "") ||
        (state_class === undefined && unit_of_measurement === undefined),
      "such a class has no unit and no state class",
    )
    .refine(({ device_class, options }) => options === undefined || device_class === "enum", "options are an enum's"),
  button: z.strictObject({ ...common, ...controlled, payload_press: Text.optional() }),
  number: z
    .strictObject({
      ...common,
      ...controlled,
      state_topic: Topic,
      value_template: Template.optional(),
      min: z.number(),
      max: z.number(),
      step: z.number().min(0.001).optional(),
      mode: z.enum(["auto", "box", "slider"]).optional(),
      unit_of_measurement: Text.optional(),
    })
    .refine(({ min, max }) => min < max, "max must exceed min"),
  select: z.strictObject({
    ...common,
    ...controlled,
    state_topic: Topic,
    value_template: Template.optional(),
    options: Options,
  }),
  // command_template is of 2024.8.
  switch: z.strictObject({
    ...common,
    ...controlled,
    command_template: z.undefined().optional(),
    state_topic: Topic,
    value_template: Template.optional(),
    device_class: z.enum(["outlet", "switch"]).optional(),
  }),
};

const Platform = z.enum(["binary_sensor", "button", "event", "image", "number", "select", "sensor", "switch"]);

/** What no event can have as an attribute: Home Assistant removes it. */
export const RESERVED_ATTRIBUTES = (
  "assumed_state available device_class device_info entity_category entity_picture entity_registry_enabled_default " +
  "event_types extra_state_attributes force_update icon name should_poll state supported_features unique_id " +
  "unit_of_measurement"
).split(" ");

/** Checks discovery messages in the order they are published, each for itself and all together. */
export function checkDiscovery(packets: readonly MqttPacket[], discoveryPrefix: string): void {
  const uniqueIds = new Set<string>();
  const defaultEntityIds = new Set<string>();
  const devices = new Set<string>();
  for (const { topic, payload, retain } of packets) {
    assert.equal(retain, true, `${topic} is not retained`);
    assert.ok(topic.startsWith(`${discoveryPrefix}/`), `${topic} is not discovery`);
    const levels = topic.slice(discoveryPrefix.length + 1).split("/");
    const [platformName, objectId, last] = levels;
    assert.equal(levels.length, 3, topic);
    assert.equal(last, "config", topic);
    const platform = Platform.parse(platformName);
    const message = PLATFORMS[platform].parse(JSON.parse(payload.toString()));

    assert.equal(Id.parse(objectId), message.unique_id, "the topic's object id is the unique id");
    assert.equal(message.default_entity_id.split(".")[0], platform, "an entity id has its own domain");
    assert.ok(!uniqueIds.has(message.unique_id), `${message.unique_id} twice`);
    assert.ok(!defaultEntityIds.has(message.default_entity_id), `${message.default_entity_id} twice`);
    uniqueIds.add(message.unique_id);
    defaultEntityIds.add(message.default_entity_id);

    const { identifiers = [], via_device, name: deviceName } = message.device;
    assert.ok(via_device === undefined || devices.has(via_device), `${via_device} is not there yet`);
    for (const identifier of identifiers) devices.add(identifier);
    assert.ok(!message.name?.startsWith(deviceName), "Home Assistant puts the device's name before the entity's");

    for (const [key, value] of Object.entries(message)) {
      if (!key.endsWith("_topic")) continue;
      assert.ok(typeof value === "string" && !value.startsWith(`${discoveryPrefix}/`) && !value.endsWith("/config"));
    }
  }
}
