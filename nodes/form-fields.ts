/** What the nodes' forms hand in: html inputs and environment variables bring everything as text. */
import { z } from "zod";

export const Flag = z.union([z.boolean(), z.stringbool()]);

/** A number of seconds, as milliseconds. */
export function seconds(fallback: number, range: { min: number; max: number }) {
  return z.coerce
    .number()
    .min(range.min)
    .max(range.max)
    .default(fallback)
    .transform((value) => value * 1000);
}

/** 0 to 1. */
export function share(fallback: number) {
  return z.coerce.number().min(0).max(1).default(fallback);
}

/** Labels, separated by commas, as lower-case words. */
export const LabelList = z.string().transform((text) =>
  text
    .split(",")
    .map((label) => label.trim().toLowerCase())
    .filter((label) => label !== ""),
);
