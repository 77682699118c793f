/** What has one cooldown: a key made of a template, such as `{camera_id}:{rule}`. */
import { z } from "zod";

const VARIABLES = ["camera_id", "rule", "label", "zone", "severity", "incident_id"] as const;
export type DedupVariable = (typeof VARIABLES)[number];

export const DEFAULT_DEDUP_KEY = "{camera_id}:{rule}";

const PLACEHOLDER = /\{([^{}]*)\}/g;
const LONGEST_KEY = 300;

export const DedupKeyTemplate = z
  .string()
  .trim()
  .min(1, "must not be empty")
  .max(200)
  .refine(
    (template) => variablesOf(template).every((name) => VARIABLES.some((variable) => variable === name)),
    `may name ${VARIABLES.map((name) => `{${name}}`).join(", ")}, and nothing else in braces`,
  );

/** The key; what is not known stands as `none`. */
export function dedupKey(template: string, values: Readonly<Record<DedupVariable, string | null>>): string {
  return template
    .replace(PLACEHOLDER, (_, name: DedupVariable) => values[name] ?? "none")
    .slice(0, LONGEST_KEY)
    .toWellFormed();
}

function variablesOf(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
}
