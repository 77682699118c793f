/** Whatever stands in a slot, the prompt around it is the same, byte for byte. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { fitPrompt } from "../../../../lib/analyze/prompts/fit.ts";
import { TIERS, type Tier } from "../../../../lib/analyze/prompts/sections.ts";
import { HOUSEHOLD_LENGTH, systemText } from "../../../../lib/analyze/prompts/system.ts";
import { quoted } from "../../../../lib/analyze/sanitise.ts";
import { DEFAULT_RISK_BANDS } from "../../../../lib/domain/risk.ts";
import { batch, camera, contextOf, detection } from "../fixtures.ts";
import { INJECTIONS } from "./injections.ts";

/** What is not ours, in one prompt. */
interface Foreign {
  readonly household: string;
  readonly house_rules: string;
  readonly name: string;
  readonly purpose: string;
  readonly label: string;
  readonly context: unknown;
}

async function promptOf({ household, house_rules, name, purpose, label, context }: Foreign): Promise<string> {
  const { prompt } = await fitPrompt({
    system: systemText({ bands: DEFAULT_RISK_BANDS, household, house_rules }),
    batch: batch([detection(), detection({ label })], { context: Object(context) }),
    camera: { ...camera, name, purpose },
    shown: {
      pictures: [{ jpeg: Buffer.alloc(0), width: 1, height: 1, time: 0, detections: [detection({ label })] }],
      missing: 0,
      boxes: "none",
    },
    budget: 1_000_000,
    tokens: null,
  });
  const captions = prompt.pictures?.map(({ caption }) => caption) ?? [];
  return [prompt.system, ...captions, prompt.user].join("\n\n");
}

const plainOf = (tier: Tier): Foreign => ({
  household: "Anna and Ben.",
  house_rules: "Tell of the shed.",
  name: "Door",
  purpose: "the path",
  label: "person",
  context: contextOf(tier),
});

/** Where a text stands in it. */
function textSlots(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === "string") return [path];
  return Object.entries(Object(value)).flatMap(([key, item]) => textSlots(item, [...path, key]));
}

/** Where a key stands in it that is not one of ours, which name the sections. */
function keySlots(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  const ours = path.length < 2 || (path.length === 2 && path[1] === "attributes");
  return Object.entries(value).flatMap(([key, item]) => [
    ...(ours || Array.isArray(value) ? [] : [[...path, key]]),
    ...keySlots(item, [...path, key]),
  ]);
}

/** The same with one entry replaced, in its place. */
function changed(
  value: unknown,
  [key = "", ...rest]: readonly string[],
  change: (key: string, item: unknown) => [string, unknown],
): unknown {
  const entries = Object.entries(Object(value)).map(([name, item]): [string, unknown] => {
    if (name !== key) return [name, item];
    return rest.length === 0 ? change(name, item) : [name, changed(item, rest, change)];
  });
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

const putText =
  (text: string) =>
  (key: string): [string, string] => [key, text];

/** What a tier is told, with a text in all slots at once but for the keys. */
function foreignFullOf(text: string, tier: Tier): Foreign {
  let all: unknown = plainOf(tier);
  for (const path of textSlots(all)) all = changed(all, path, putText(text));
  return all as Foreign;
}

/** What the last tier is told, which has the slots of the others too, with a text in one slot after the other. */
function* foreignWith(text: string): Generator<[slot: string, foreign: Foreign]> {
  const plain = plainOf("attributes");
  for (const path of textSlots(plain)) yield [path.join("."), changed(plain, path, putText(text)) as Foreign];
  for (const path of keySlots(plain)) {
    yield [`key ${path.join(".")}`, changed(plain, path, (_, item) => [text, item]) as Foreign];
  }
}

const LITERAL = /"(?:[^"\\\n]|\\.)*"/g;

/** What stands outside of quotation marks. An owner's text may have several lines, each in marks of its own. */
function structureOf(prompt: string): string {
  return prompt.replace(LITERAL, '""').replace(/^- ""\n(- ""\n)+/gm, '- ""\n');
}

function assertHarmless(prompt: string, slot: string): void {
  assert.ok(
    !/[<>]|(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u.test(prompt.normalize("NFKC")),
    `${slot}: a token, or a character that nobody sees`,
  );
  for (const [literal] of prompt.matchAll(LITERAL)) {
    const text: unknown = JSON.parse(literal);
    assert.ok(typeof text === "string" && [...text].length <= HOUSEHOLD_LENGTH, slot);
    assert.ok(!/[[\]]/.test(text), `${slot}: ${literal}`);
  }
}

describe("texts that are not ours, in every slot of every tier", () => {
  const structures = new Map<Tier, string>();
  before(async () => {
    for (const tier of TIERS) structures.set(tier, structureOf(await promptOf(plainOf(tier))));
  });

  it("are at least 60, and the slots are all there", () => {
    assert.ok(Object.keys(INJECTIONS).length >= 60);
    const slots = [...textSlots(plainOf("attributes")), ...keySlots(plainOf("attributes"))].map((path) =>
      path.join("."),
    );
    for (const slot of [
      "household",
      "name",
      "purpose",
      "label",
      "context.zones.0.name",
      "context.attributes.text.0.read",
    ]) {
      assert.ok(slots.includes(slot), slot);
    }
    assert.ok(slots.length > 60);
  });

  for (const [what, text] of Object.entries(INJECTIONS)) {
    it(`stay data: ${what}`, async () => {
      for (const tier of TIERS) {
        const prompt = await promptOf(foreignFullOf(text, tier));
        assert.equal(structureOf(prompt), structures.get(tier));
        assertHarmless(prompt, tier);
      }
      for (const [slot, foreign] of foreignWith(text)) {
        const prompt = await promptOf(foreign);
        assert.equal(structureOf(prompt), structures.get("attributes"), slot);
        assertHarmless(prompt, slot);
      }
    });

    it(`stay data where a reply is quoted: ${what}`, () => {
      const reply = quoted(text, 500);
      assert.equal(reply.replace(LITERAL, '""'), '""');
      assertHarmless(reply, "reply");
    });
  }

  it("stay data, whatever they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 300 }), fc.constantFrom(...TIERS), async (text, tier) => {
        const prompt = await promptOf(foreignFullOf(`x${text}`, tier));
        assert.equal(structureOf(prompt), structures.get(tier));
        assertHarmless(prompt, tier);
      }),
    );
  });
});
