/** What forms hand in: html inputs and environment variables bring everything as text, and empty means the default. */
import { z } from "zod";
import { CameraKind } from "../domain/retention.ts";
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

const DAY_MS = 24 * 60 * 60_000;
/** A century: what is kept longer is kept for ever. */
const MOST_DAYS = 36_500;
const GB = 1e9;

/** A whole number of days, as milliseconds; null for nothing, which is for ever. */
export function days(fallback: number | null) {
  return orNothing(z.coerce.number().int().min(1).max(MOST_DAYS), fallback).transform(
    (value) => value && value * DAY_MS,
  );
}

/** A number of gigabytes, as bytes; null for nothing. */
export function gigabytes({ min, max }: { min: number; max: number }) {
  return orNothing(z.coerce.number().min(min).max(max), null).transform((value) => value && value * GB);
}

/** A number, or null where the field was emptied; `fallback` where it is missing. */
function orNothing(schema: z.ZodType<number>, fallback: number | null) {
  const emptyAsNull = (value: unknown) => (typeof value === "string" && value.trim() === "" ? null : value);
  return z.preprocess(emptyAsNull, z.union([z.null(), schema]).default(fallback));
}

/** `HH:MM`, or empty. */
export const TimeOfDay = z
  .string()
  .trim()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d)?$/, 'is not a time such as "03:30"');

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

/** More cameras than a site has. */
const MOST_CAMERA_LIMITS = 100;
const CameraLimit = z
  .string()
  .regex(
    /^[a-z0-9_]+ +(events|detections|pictures|originals) +([1-9]\d{0,3}|ever)$/,
    'is not a camera, a kind and days, such as "front_door pictures 7" or "garden events ever"',
  );

/** What is kept of some cameras for longer or shorter, by camera, in milliseconds; null: for ever. */
export const CameraLimits = z
  .string()
  .transform(entriesOf)
  .pipe(z.array(CameraLimit).max(MOST_CAMERA_LIMITS))
  .transform((entries): ReadonlyMap<string, Partial<Record<CameraKind, number | null>>> => {
    const limits = new Map<string, Partial<Record<CameraKind, number | null>>>();
    for (const entry of entries) {
      const [camera = "", kind, age] = entry.split(/ +/);
      limits.set(camera, {
        ...limits.get(camera),
        [CameraKind.parse(kind)]: age === "ever" ? null : Number(age) * DAY_MS,
      });
    }
    return limits;
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
