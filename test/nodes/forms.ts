/** The nodes' forms as the editor has them: their definitions, catalogues and what they find wrong with values. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileFunction } from "node:vm";
import { z } from "zod";
import { SiteConfig } from "../../lib/site/config.ts";
import { BatchWindowConfig } from "../../nodes/batch-window.ts";
import { DedupeConfig } from "../../nodes/dedupe.ts";
import { DetectConfig } from "../../nodes/detect.ts";
import { EnrichConfig } from "../../nodes/enrich.ts";
import { FoscamWatchConfig } from "../../nodes/foscam-watch.ts";
import { GpuMonitorConfig } from "../../nodes/gpu-monitor.ts";
import { NemotronAnalyzeConfig } from "../../nodes/nemotron-analyze.ts";
import { RetentionConfig } from "../../nodes/retention.ts";
import { RiskAlertConfig } from "../../nodes/risk-alert.ts";
import { HomeAssistantConfig } from "../../nodes/vigil-home-assistant.ts";

const SCHEMAS: Readonly<Record<string, z.ZodObject>> = {
  "vigil-site": SiteConfig,
  "vigil-home-assistant": HomeAssistantConfig,
  "foscam-watch": FoscamWatchConfig,
  dedupe: DedupeConfig,
  detect: DetectConfig,
  "batch-window": BatchWindowConfig,
  enrich: EnrichConfig,
  "nemotron-analyze": NemotronAnalyzeConfig,
  "risk-alert": RiskAlertConfig,
  "gpu-monitor": GpuMonitorConfig,
  retention: RetentionConfig,
};
export const TYPES = Object.keys(SCHEMAS);
/** Those that other nodes refer to, instead of to a site. */
export const CONFIG_TYPES: readonly string[] = ["vigil-site", "vigil-home-assistant"];

/** What a form cannot do without and has no default for. */
export const REQUIRED: Readonly<Record<string, object>> = { "foscam-watch": { folder: "cameras" } };

/** Each with a folder in nodes/locales. */
export const LANGUAGES = ["en-US", "de"] as const;

export const MODULE = "node-red-contrib-vigil";
export const root = join(import.meta.dirname, "../..");
export const read = (...path: readonly string[]) => readFileSync(join(root, ...path), "utf8");

type Values = Readonly<Record<string, unknown>>;
type Validate = (this: Values, value: unknown, opt: { label: string }) => unknown;

const Definition = z.looseObject({
  category: z.string(),
  icon: z.string(),
  outputs: z.int().optional(),
  defaults: z.record(
    z.string(),
    z.object({
      value: z.unknown(),
      required: z.boolean().optional(),
      validate: z.custom<Validate>((value) => typeof value === "function" && value.length === 2).optional(),
    }),
  ),
  credentials: z.record(z.string(), z.object({ type: z.enum(["text", "password"]) })).default({}),
});
type Definition = z.infer<typeof Definition>;

/** Runs the scripts of all forms, as the editor does when it loads. */
function loadForms(): ReadonlyMap<string, Definition> {
  const definitions = new Map<string, Definition>();
  const RED = {
    _: (key: string) => key,
    events: { on: () => {} },
    nodes: {
      registerType: (type: string, definition: unknown) => definitions.set(type, Definition.parse(definition)),
      getType: (type: string) => definitions.get(type),
    },
  };
  // No form is open, so no field has a value of its own.
  const $ = () => ({ val: () => undefined });
  for (const type of TYPES) compileFunction(scriptOf(type), ["RED", "$"])(RED, $);
  return definitions;
}

function scriptOf(type: string): string {
  const [, script] = /<script type="text\/javascript">(.*?)<\/script>/s.exec(read("nodes", `${type}.html`)) ?? [];
  assert.ok(script, `${type}.html has a script`);
  return script;
}

export const forms = loadForms();

export function formOf(type: string): Definition {
  const form = forms.get(type);
  assert.ok(form, `${type}.html registers ${type}`);
  return form;
}

export function schemaOf(type: string): z.ZodObject {
  const schema = SCHEMAS[type];
  assert.ok(schema, type);
  return schema;
}

/** The values of a new node's form, with what its user must enter. */
export function freshValues(type: string): Values {
  const defaults = Object.entries(formOf(type).defaults).map(([name, { value }]) => [name, value]);
  return { ...Object.fromEntries(defaults), ...REQUIRED[type] };
}

/** What the editor says is wrong with a form's values. */
export function faultsOf(type: string, values: Values): unknown[] {
  const form = formOf(type);
  const node = { ...values, _def: form };
  return Object.entries(form.defaults).flatMap(([name, { required, validate }]) => {
    if (required && name !== "site" && values[name] === "") return [`${name} is missing`];
    const verdict = validate?.call(node, values[name], { label: name }) ?? true;
    return verdict === true ? [] : [verdict];
  });
}

/** Each entry of a catalogue by its full key. */
export function catalogueOf(type: string, language = "en-US"): ReadonlyMap<string, string> {
  const flatten = (value: unknown, path: readonly string[]): [string, string][] =>
    typeof value === "string"
      ? [[path.join("."), value]]
      : Object.entries(z.record(z.string(), z.unknown()).parse(value)).flatMap(([key, part]) =>
          flatten(part, [...path, key]),
        );
  return new Map(flatten(JSON.parse(read("nodes/locales", language, `${type}.json`)), []));
}

/** The catalogue keys that a form uses, each with its namespace. */
export function keysUsedBy(type: string): string[] {
  const html = read("nodes", `${type}.html`);
  const marked = [...html.matchAll(/data-i18n="(?:\[[\w-]+\])?([^"]+)"/g)].map(([, key]) => key ?? "");
  const called = [...scriptOf(type).matchAll(/"((?:[\w/-]+:)?[a-z]+\.[\w.]+)"/g)].map(([, key]) => key ?? "");
  return [...marked, ...called]
    .filter((key) => !key.endsWith(".svg"))
    .map((key) => (key.includes(":") ? key : `${MODULE}/${type}:${key}`));
}
