/** What is known of a scene, whatever its shape, as bounded lines of JSON. */
import { asData } from "../sanitise.ts";

/** A person would not read more either, and small models lose themselves in long lists. */
const MOST_LINES = 12;
const MOST_ENTRIES = 12;
const MOST_LEVELS = 3;
const KEY_LENGTH = 40;
const TEXT_LENGTH = 300;

type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * One line for each item of a list, or for anything else that is known: numbers, booleans, and texts and keys as
 * harmless data. What is empty, too deep or not plain data is left out; so no lines at all where nothing is known.
 */
export function factLines(known: unknown): string[] {
  const items = Array.isArray(known) ? known : [known];
  const lines = items.slice(0, MOST_LINES).flatMap((item) => {
    const plain = plainOf(item, MOST_LEVELS);
    return plain === undefined ? [] : [`- ${JSON.stringify(plain)}`];
  });
  const more = items.length - MOST_LINES;
  return more > 0 ? [...lines, `- and ${more} more`] : lines;
}

function plainOf(value: unknown, levels: number): Plain | undefined {
  switch (typeof value) {
    case "string":
      return asData(value, TEXT_LENGTH) || undefined;
    case "number":
      if (!Number.isFinite(value)) return undefined;
      return Number.isInteger(value) ? value : Number(value.toPrecision(4));
    case "boolean":
      return value;
    case "object":
      if (value === null || levels === 0 || ArrayBuffer.isView(value)) return undefined;
      return Array.isArray(value) ? plainList(value, levels - 1) : plainObject(value, levels - 1);
    default:
      return undefined;
  }
}

function plainList(list: readonly unknown[], levels: number): Plain | undefined {
  const items = list
    .slice(0, MOST_ENTRIES)
    .map((item) => plainOf(item, levels))
    .filter((item) => item !== undefined);
  return items.length > 0 ? items : undefined;
}

function plainObject(object: object, levels: number): Plain | undefined {
  const entries = Object.entries(object)
    .slice(0, MOST_ENTRIES)
    .flatMap(([key, value]) => {
      const plain = plainOf(value, levels);
      return plain === undefined ? [] : [[asData(key, KEY_LENGTH), plain] as const];
    });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
