/** The page on all entities, made of their declarations. */
import { attributesTopic, commandTopic, siteTopics } from "../lib/domain/topics.ts";
import { CAMERA_ENTITIES } from "../lib/homeassistant/entities/camera.ts";
import { GPU_ENTITIES } from "../lib/homeassistant/entities/gpu.ts";
import { HUB_ENTITIES } from "../lib/homeassistant/entities/hub.ts";
import { type Entities, type Entity, takesCommands } from "../lib/homeassistant/entity.ts";

const topics = siteTopics("<prefix>", "<site>");

/** The text of `docs/entities.md`. */
export function entitiesPage(): string {
  return `# Entities in Home Assistant

Made by \`npm run docs\` from \`lib/homeassistant/entities/\`. \`<prefix>\` is \`vigil\` unless the site's form says
otherwise. The id of an entity is \`<platform>.vigil_<site>_<key>\` on the hub, \`<platform>.vigil_<site>_<camera>_<key>\`
on a camera and \`<platform>.vigil_<site>_gpu_<gpu>_<key>\` on a graphics card; the key is the last level of its topic. The broker keeps all states but those marked "not kept". A topic that
ends in \`/set\` takes commands, which must not be retained.

## The hub

${table(HUB_ENTITIES, topics.hub)}

## Each camera

${table(CAMERA_ENTITIES, (key) => topics.camera("<camera>", key))}

## Each graphics card

With a \`gpu-monitor\`. A card that a trial simulates is called "Simulated GPU".

${table(GPU_ENTITIES, (key) => topics.gpu("<gpu>", key))}
`;
}

function table(entities: Entities, topicOf: (key: string) => string): string {
  const rows = Object.entries(entities).map(([key, entity]) => row(entity, topicOf(key)));
  return ["| name | kind | what it says or does | values | topics |", "|---|---|---|---|---|", ...rows].join("\n");
}

function row(entity: Entity, topic: string): string {
  const { name, about } = entity;
  const values = valuesOf(entity) + keptOf(entity);
  const listed = topicsOf(entity, topic).map((each) => `\`${each}\``);
  return `| ${[name, kindOf(entity), about, values, listed.join("<br>")].join(" | ")} |`;
}

/** What the broker keeps, where that is not the last state. */
function keptOf({ retained, platform }: Entity): string {
  if (retained === true || platform === "button") return "";
  return retained ? `; only ${retained} is kept` : "; not kept";
}

function kindOf(entity: Entity): string {
  const deviceClass = "device_class" in entity ? ` (${entity.device_class})` : "";
  const category = "entity_category" in entity ? `, ${entity.entity_category}` : "";
  return entity.platform + deviceClass + category;
}

function valuesOf(entity: Entity): string {
  const unit = "unit_of_measurement" in entity ? ` ${entity.unit_of_measurement}` : "";
  switch (entity.platform) {
    case "binary_sensor":
      return [entity.payload_on ?? "ON", entity.payload_off ?? "OFF"].join(", ");
    case "button":
      return "PRESS";
    case "event":
      return entity.event_types.join(", ");
    case "image":
      return "JPEG";
    case "number":
      return `${entity.min} to ${entity.max}${unit}`;
    case "select":
      return entity.options.join(", ");
    case "switch":
      return "ON, OFF";
    case "sensor":
      if (entity.options) return entity.options.join(", ");
      if (entity.device_class === "timestamp") return "time, in UTC";
      return entity.state_class ? `number${unit}` : "text";
  }
}

function topicsOf(entity: Entity, topic: string): string[] {
  return [
    ...(entity.platform === "button" ? [] : [entity === HUB_ENTITIES.running ? topics.availability : topic]),
    ...("attributes" in entity ? [attributesTopic(topic)] : []),
    ...(takesCommands(entity) ? [commandTopic(topic)] : []),
  ];
}
