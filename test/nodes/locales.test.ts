/** Each language of the nodes' forms and help against English, in which they are written. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { CAMERA_ENTITIES } from "../../lib/homeassistant/entities/camera.ts";
import { HUB_ENTITIES } from "../../lib/homeassistant/entities/hub.ts";
import { catalogueOf, LANGUAGES, read, root, TYPES } from "./forms.ts";

const TRANSLATIONS = LANGUAGES.filter((language) => language !== "en-US");
/** Help names them in bold, as it does with a form's labels. They are the same in each language. */
const ENTITIES = new Set<string>(
  [...Object.values(CAMERA_ENTITIES), ...Object.values(HUB_ENTITIES)].map((e) => e.name),
);

const helpOf = (type: string, language: string) => read("nodes/locales", language, `${type}.html`);
/** What a pattern's group finds in a text, in order. */
const allOf = (pattern: RegExp, text: string) => [...text.matchAll(pattern)].map(([, found = ""]) => found);
/** What a catalogue fills into a text. */
const placeholders = (text: string) => allOf(/(__\w+__)/g, text).sort();
/** Tags without those inside a line, which move with the words. */
const structure = (help: string) =>
  allOf(/<((?:\/|\w)[^>]*)>/g, help).filter((tag) => !/^\/?(code|b|i|span)\b/.test(tag));
const codes = (help: string) =>
  allOf(/<code>(.*?)<\/code>/gs, help)
    .map(unwrapped)
    .sort();
const bolds = (help: string) => allOf(/<b>(.*?)<\/b>/gs, help).map(unwrapped);
const examples = (help: string) => allOf(/<pre>(.*?)<\/pre>/gs, help);

describe("the languages", () => {
  it("are those that the tests know, each with all nodes", () => {
    assert.deepEqual(readdirSync(join(root, "nodes/locales")).sort(), [...LANGUAGES].sort());
    const files = TYPES.flatMap((type) => [`${type}.html`, `${type}.json`]).sort();
    for (const language of LANGUAGES)
      assert.deepEqual(readdirSync(join(root, "nodes/locales", language)).sort(), files, language);
  });

  for (const type of TYPES) {
    it(`name in the help of ${type} only labels that its form shows`, () => {
      for (const language of LANGUAGES) {
        const own = [...catalogueOf(type, language).values()];
        const shared = [...catalogueOf("vigil-site", language).values()];
        const shown = [...own, ...shared].map((text) => text.toLowerCase());
        for (const name of bolds(helpOf(type, language))) {
          const known = ENTITIES.has(name) || shown.some((text) => text.includes(name.toLowerCase()));
          assert.ok(known, `${language}: ${name}`);
        }
      }
    });
  }
});

for (const language of TRANSLATIONS) {
  describe(`the texts in ${language}`, () => {
    for (const type of TYPES) {
      it(`of ${type} are all there, and no others`, () => {
        const english = catalogueOf(type);
        const translated = catalogueOf(type, language);
        assert.deepEqual([...translated.keys()], [...english.keys()]);
        for (const [key, text] of translated) {
          assert.ok(text.trim(), key);
          assert.deepEqual(placeholders(text), placeholders(english.get(key) ?? ""), key);
        }
      });

      it(`of ${type} have each plural that the language has`, () => {
        const texts = catalogueOf(type, language);
        const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
        const counted = [...texts.keys()].filter((key) => key.endsWith("_other")).map((key) => key.slice(0, -6));
        for (const key of counted)
          for (const category of pluralCategories) assert.ok(texts.has(`${key}_${category}`), `${key}_${category}`);
      });

      it(`tell in the help of ${type} what English tells`, () => {
        const english = helpOf(type, "en-US");
        const translated = helpOf(type, language);
        assert.deepEqual(structure(translated), structure(english));
        assert.deepEqual(codes(translated), codes(english));
        assert.equal(bolds(translated).length, bolds(english).length);
        assert.deepEqual(examples(translated), examples(english));
      });
    }
  });
}

function unwrapped(text: string): string {
  return text.replace(/\s+/g, " ");
}
