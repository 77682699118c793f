/** What forms hand in: html inputs and environment variables bring everything as text, and empty means the default. */
import { z } from "zod";

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

/** A number of seconds, as milliseconds. */
export function seconds(fallback: number, range: { min: number; max: number }) {
  return number(fallback, range).transform((value) => value * 1000);
}

/** 0 to 1. */
export function share(fallback: number) {
  return number(fallback, { min: 0, max: 1 });
}

/** Labels, separated by commas, as lower-case words. */
export const LabelList = z.string().transform((text) =>
  text
    .split(",")
    .map((label) => label.trim().toLowerCase())
    .filter((label) => label !== ""),
);

/** Otherwise it would be read as 0. */
function emptyAsUnset(value: unknown): unknown {
  return typeof value === "string" && value.trim() === "" ? undefined : value;
}
