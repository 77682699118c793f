/** What forms hand in: html inputs and environment variables bring everything as text, and empty means the default. */
import { z } from "zod";
import { EntityId } from "../homeassistant/entity-id.ts";
import { MOST_CHOSEN } from "../homeassistant/household.ts";
import { asError } from "../resilience/errors.ts";

export const Flag = z.union([z.boolean(), z.stringbool()]);

export function number(fallback: number, { min, max }: { min: number; max: number }) {
  return z.preprocess(emptyAsUnset, z.coerce.number().min(min).max(max).default(fallback));
}

export function wholeNumber(fallback: number, { min, max }: { min: number; max: number }) {
  return z.preprocess(emptyAsUnset, z.coerce.number().int().min(min).max(max).default(fallback));
}

/** A whole number, or null for nothing. */
export function optionalWholeNumber({ min, max }: { min: number; max: number }) {
  return z.preprocess(emptyAsUnset, z.coerce.number().int().min(min).max(max).nullable().default(null));
}

/** A number, or null for nothing. */
export function optionalNumber({ min, max }: { min: number; max: number }) {
  return z.preprocess(emptyAsUnset, z.coerce.number().min(min).max(max).nullable().default(null));
}

/** A number of seconds, as milliseconds. */
export function seconds(fallback: number, range: { min: number; max: number }) {
  return number(fallback, range).transform((value) => value * 1000);
}

/** A number of minutes, as milliseconds. */
export function minutes(fallback: number, range: { min: number; max: number }) {
  return number(fallback, range).transform((value) => value * 60_000);
}

/** 0 to 1. */
export function share(fallback: number) {
  return number(fallback, { min: 0, max: 1 });
}

/** The address of a server; empty for none. */
export const ServerUrl = z
  .string()
  .trim()
  .refine(
    (text) => text === "" || /^https?:$/.test(URL.parse(text)?.protocol ?? ""),
    "must be an http:// or https:// URL, such as http://192.168.1.10:8092",
  );

/** Labels, separated by commas, as lower-case words. */
export const LabelList = z.string().transform(entriesOf);

/** More would be a notification group's business. */
const MOST_TARGETS = 20;
const NotifyTarget = z
  .string()
  .regex(/^[a-z0-9_]+$/, 'is not the name of a notify action, such as "mobile_app_pixel_8"');

/** Names of Home Assistant's notify actions, separated by commas, with or without `notify.`; each once. */
export const NotifyTargets = z
  .string()
  .transform((text) => [...new Set(entriesOf(text).map((entry) => entry.replace(/^notify\./, "")))])
  .pipe(z.array(NotifyTarget).max(MOST_TARGETS));

/** Ids of Home Assistant's entities, separated by commas; each once. */
export const EntityList = z
  .string()
  .transform((text) => [...new Set(entriesOf(text))])
  .pipe(z.array(EntityId).max(MOST_CHOSEN));

/** Labels with a number from 0 to 1 each, separated by commas: `person 0.6, vehicle 0.7`. */
export const Thresholds = z.string().transform((text, context): ReadonlyMap<string, number> => {
  const thresholds = new Map<string, number>();
  for (const entry of entriesOf(text)) {
    const [, label = "", value] = /^(.+?)\s+(\d*\.?\d+)$/.exec(entry) ?? [];
    if (label === "" || Number(value) > 1 || thresholds.has(label)) {
      context.addIssue(`"${entry}" is not one label, named once, and a number from 0 to 1, such as person 0.6`);
    }
    thresholds.set(label, Number(value));
  }
  return thresholds;
});

/** JSON as text; empty text is undefined. */
export const JsonText = z.string().transform((text, context): unknown => {
  try {
    return text.trim() === "" ? undefined : JSON.parse(text);
  } catch (error) {
    context.addIssue(`is not JSON: ${asError(error).message}`);
    return z.NEVER;
  }
});

/** What stands between commas, in lower case. */
function entriesOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "");
}

/** Otherwise it would be read as 0. */
function emptyAsUnset(value: unknown): unknown {
  return typeof value === "string" && value.trim() === "" ? undefined : value;
}
