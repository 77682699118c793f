/** What a life of Node-RED goes through: drawn before it begins, so that a seed says it all. */
import { z } from "zod";
import type { Dice } from "./dice.ts";
import type { KillAt } from "./statements.ts";

export type Ending =
  | { readonly how: "statement"; readonly killAt: KillAt }
  | { readonly how: "kill" | "term"; readonly afterMs: number };

export const Disturbance = z.enum(["detector", "llm", "broker", "disk", "touch", "disable", "reimport"]);
export type Disturbance = z.infer<typeof Disturbance>;

/** One of the first so many statements that contain a word. */
export interface Aim {
  readonly word: string;
  readonly most: number;
}

export interface Plan {
  readonly ending: Ending;
  /** Whether a kill takes the power as well. */
  readonly powerCut: boolean;
  /** Milliseconds after the start at which each upload comes. */
  readonly uploads: readonly number[];
  /** Files that come while Node-RED is down. */
  readonly uploadsBefore: number;
  readonly disturbances: readonly { readonly afterMs: number; readonly what: Disturbance }[];
}

/** A life that has not met its end by then is killed. */
export const LONGEST_MS = 2_000;

/** Opening the store and starting the nodes takes about so many statements. */
const START_STATEMENTS = 60;
const MOST_STATEMENTS = 700;
/** Between two transactions is where something can be lost: a life has about so many. */
const MOST_TRANSACTIONS = 70;
/** What is written last is reached least. */
const LATE = ["batches", "events", "outbox", "alerts"];
const MOST_LATE = 20;
/** What comes of a statement comes a few statements later. */
const LATEST = 5;
/** Of each disturbance, where there are several. */
const DISTURBANCE_CHANCE = 0.2;

/** `aim`: the statements at which to kill; null: all sorts of ends. */
export function planLife(dice: Dice, possible: readonly Disturbance[], aim: Aim | null): Plan {
  // Uploads come in a burst or spread over the life.
  const until = dice.whole(20, LONGEST_MS);
  return {
    ending: aim === null ? planEnding(dice) : killAt(dice, 1, aim.most, aim.word),
    powerCut: dice.chance(0.4),
    uploads: Array.from({ length: dice.whole(2, 10) }, () => dice.whole(0, until)),
    uploadsBefore: dice.chance(0.4) ? dice.whole(1, 3) : 0,
    disturbances: possible.flatMap((what) =>
      dice.chance(possible.length > 1 ? DISTURBANCE_CHANCE : 0.5) ? [{ afterMs: dice.whole(0, until), what }] : [],
    ),
  };
}

function planEnding(dice: Dice): Ending {
  const kind = dice.throw();
  if (kind < 0.1) return killAt(dice, 1, START_STATEMENTS, "");
  if (kind < 0.25) return killAt(dice, START_STATEMENTS, MOST_STATEMENTS, "");
  if (kind < 0.65) return killAt(dice, 1, MOST_TRANSACTIONS, "BEGIN");
  if (kind < 0.8) return killAt(dice, 1, MOST_LATE, dice.pick(LATE));
  return { how: kind < 0.92 ? "kill" : "term", afterMs: dice.whole(0, LONGEST_MS) };
}

function killAt(dice: Dice, least: number, most: number, word: string): Ending {
  const later = dice.chance(0.3) ? dice.whole(1, LATEST) : 0;
  return { how: "statement", killAt: { n: dice.whole(least, most), word, later } };
}
