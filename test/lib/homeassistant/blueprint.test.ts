/** The blueprint against what Vigil publishes, and against what Home Assistant 2024.3 reads. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, type ScalarTag } from "yaml";
import { z } from "zod";
import { AlertRecord } from "../../../lib/domain/alert.ts";
import { EventRecord } from "../../../lib/domain/event.ts";
import { CAMERA_ENTITIES } from "../../../lib/homeassistant/entities/camera.ts";
import type { Entity } from "../../../lib/homeassistant/entity.ts";

/** `!input name` */
class Input {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}
const INPUT: ScalarTag = { tag: "!input", resolve: (name) => new Input(name) };

const Condition = z.looseObject({ condition: z.string() });
/** The keys that automations have always had: `trigger` in the place of `platform`, say, came with 2024.10. */
const Trigger = z.union([
  z.strictObject({
    id: z.string(),
    platform: z.literal("state"),
    entity_id: z.instanceof(Input),
    not_from: z.literal("unavailable"),
    not_to: z.tuple([z.literal("unavailable"), z.literal("unknown")]),
  }),
  z.strictObject({ id: z.string(), platform: z.literal("event"), event_type: z.string() }),
]);
const Step = z.union([
  z.strictObject({ variables: z.record(z.string(), z.string()) }),
  z.strictObject({ condition: z.string(), value_template: z.string() }),
  z.strictObject({ service: z.string(), target: z.strictObject({ entity_id: z.string() }) }),
  z.strictObject({
    domain: z.literal("mobile_app"),
    type: z.literal("notify"),
    device_id: z.instanceof(Input),
    title: z.string(),
    message: z.string(),
    data: z.looseObject({ tag: z.string(), group: z.string(), image: z.string() }),
  }),
]);
const Choice = z.strictObject({
  choose: z.array(z.strictObject({ conditions: z.array(Condition), sequence: z.array(Step) })),
  default: z.array(Step),
});
const Blueprint = z.strictObject({
  blueprint: z.strictObject({
    name: z.string(),
    description: z.string(),
    domain: z.literal("automation"),
    homeassistant: z.strictObject({ min_version: z.literal("2024.3.0") }),
    // Sections, which have inputs of their own, came with 2024.6.
    input: z.record(
      z.string(),
      z.strictObject({
        name: z.string(),
        description: z.string(),
        default: z.unknown().optional(),
        selector: z.record(z.string(), z.unknown()),
      }),
    ),
  }),
  mode: z.enum(["queued", "parallel"]),
  max: z.int().min(10),
  trigger: z.array(Trigger),
  variables: z.record(z.string(), z.unknown()),
  condition: z.array(Condition),
  action: z.array(Choice),
});

const text = readFileSync(join(import.meta.dirname, "../../../examples/home-assistant/vigil-alert.yaml"), "utf8");

describe("the blueprint", () => {
  // As Home Assistant reads it.
  const blueprint = Blueprint.parse(parse(text, { version: "1.1", customTags: [INPUT] }));
  const { input } = blueprint.blueprint;

  it("uses each of its inputs, and no other", () => {
    const used = [...text.matchAll(/!input (\w+)/g)].map(([, name]) => name);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(input).sort());
  });

  it("asks only for the cameras and the phone", () => {
    const asked = Object.entries(input).filter(([, { default: value }]) => value === undefined);
    assert.deepEqual(asked.map(([name]) => name).sort(), ["alerts", "phone"]);
  });

  it("offers each level that an alert can have, and takes all", () => {
    const { default: taken, selector } = input.levels ?? assert.fail("no levels");
    const { options } = z.object({ options: z.array(z.object({ value: z.string() })) }).parse(selector.select);
    const types = [...CAMERA_ENTITIES.alert.event_types];
    assert.deepEqual(
      options.map(({ value }) => value),
      types,
    );
    assert.deepEqual(taken, types);
  });

  it("reads only attributes that the event has", () => {
    const read = [...text.matchAll(/to_state\.attributes\.(\w+)/g)].map(([, name = ""]) => name);
    const known = { event_type: null, ...EventRecord.shape, ...AlertRecord.shape };
    const unknown = read.filter((name) => !(name in known));
    assert.deepEqual(unknown, []);
    assert.ok(read.includes("summary"));
  });

  it("looks for the camera's other entities by the end of their ids", () => {
    const wanted = [...text.matchAll(/'\^(\w+)\[\.\]\.\*_(\w+)'/g)].map(([, platform, key]) => [platform, key]);
    assert.equal(wanted.length, 3);
    const entities = Object.entries<Entity>(CAMERA_ENTITIES);
    for (const [platform, key] of wanted) {
      const found = entities.filter(([own, entity]) => entity.platform === platform && own.includes(`${key}`));
      assert.deepEqual(
        found.map(([own]) => own),
        [key],
      );
    }
  });
});
