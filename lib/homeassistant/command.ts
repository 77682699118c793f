/** What Home Assistant sends to an entity that takes commands. */
import { InputError } from "../resilience/errors.ts";
import { oneLine } from "../resilience/one-line.ts";
import type { Entity } from "./entity.ts";

/** Characters of a wrong payload that an error repeats. */
const MAX_QUOTE = 80;

/**
 * The payload of a command as a value: of a switch a boolean, of a number a number, of a select one of its options, of a
 * button always true.
 * @throws InputError `BAD_COMMAND`, which says what would be right
 */
export function commandValue(entity: Entity, payload: Buffer): boolean | number | string {
  const text = payload.toString();
  switch (entity.platform) {
    case "button":
      if (text === "PRESS") return true;
      throw wrong(text, "PRESS");
    case "switch":
      if (text === "ON" || text === "OFF") return text === "ON";
      throw wrong(text, "ON or OFF");
    case "select":
      if (entity.options.includes(text)) return text;
      throw wrong(text, `one of ${entity.options.join(", ")}`);
    case "number": {
      const { min, max, step } = entity;
      // Home Assistant sends 30.0 as readily as 30.
      const value = /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= max && (value - min) % step === 0) return value;
      throw wrong(text, `a number from ${min} to ${max} in steps of ${step}`);
    }
    default:
      throw new InputError("BAD_COMMAND", `"${entity.name}" takes no commands`);
  }
}

function wrong(text: string, right: string): InputError {
  return new InputError("BAD_COMMAND", `it must be ${right}, and was "${oneLine(text, MAX_QUOTE)}"`);
}
