/** What a life of Node-RED goes through: drawn before it begins, so that a seed says it all. */
import { z } from "zod";
import type { Dice } from "./dice.ts";
import type { KillAt } from "./statements.ts";

export type Ending =
  | { readonly how: "statement"; readonly killAt: KillAt }
  | { readonly how: "kill" | "term"; readonly afterMs: number };

/** What is around Vigil and can fail for a while. */
export const Outage = z.enum(["detector", "llm", "broker", "disk"]);
export type Outage = z.infer<typeof Outage>;

/** What a user does to a node: changes it, disables it for a while, or deletes it and imports it again. */
export const Change = z.enum(["touch", "disable", "reimport"]);
export type Change = z.infer<typeof Change>;

/** What can happen to a life; `power`: a kill takes the power as well. */
export const Disturbance = z.enum([...Outage.options, ...Change.options, "power"]);
export type Disturbance = z.infer<typeof Disturbance>;

/** One of the first so many statements that contain a word, or so many statements later. */
export interface Aim {
  readonly word: string;
  readonly most: number;
  readonly later?: number;
}

export interface Plan {
  readonly ending: Ending;
  /** A life that has not met its end by then is killed. */
  readonly longestMs: number;
  /** Whether a kill takes the power as well. */
  readonly powerCut: boolean;
  /** Milliseconds after the start at which each upload comes. */
  readonly uploads: readonly number[];
  /** Files that come while Node-RED is down. */
  readonly uploadsBefore: number;
  readonly interferences: readonly { readonly afterMs: number; readonly what: Outage | Change }[];
}

const LONGEST_MS = 2_000;
/** What is aimed at should be met, also on a machine that is busy. */
const LONGEST_AIMED_MS = 4_000;

/** Opening the store and starting the nodes takes about so many statements, and so many transactions. */
const START = { statements: 60, transactions: 40 };
/** Later on, kills come within so many transactions of any moment. */
const MOST_TRANSACTIONS = 15;
/** What is written last is reached least. */
const LATE = ["batches", "events", "outbox", "decisions", "alerts"];
const MOST_LATE = 5;
/** What comes of a statement comes a few statements later. */
const LATEST = 5;
/** Of each of several disturbances, in each life; one alone comes more often. */
const CHANCE = { several: { power: 0.4, other: 0.2 }, one: { power: 0.8, other: 0.8 } };

/** `aim`: the statements at which to kill; null: all sorts of ends. */
export function planLife(dice: Dice, possible: readonly Disturbance[], aim: Aim | null): Plan {
  // Uploads come in a burst or spread over the life.
  const until = dice.whole(20, LONGEST_MS);
  const chance = CHANCE[possible.length > 1 ? "several" : "one"];
  return {
    ending: aim === null ? planEnding(dice) : aimedEnding(dice, aim),
    longestMs: aim === null ? LONGEST_MS : LONGEST_AIMED_MS,
    powerCut: possible.includes("power") && dice.chance(chance.power),
    uploads: Array.from({ length: dice.whole(2, 10) }, () => dice.whole(0, until)),
    uploadsBefore: dice.chance(0.4) ? dice.whole(1, 3) : 0,
    interferences: possible.flatMap((what) =>
      what !== "power" && dice.chance(chance.other) ? [{ afterMs: dice.whole(0, until), what }] : [],
    ),
  };
}

function planEnding(dice: Dice): Ending {
  const kind = dice.throw();
  const afterMs = dice.whole(0, LONGEST_MS);
  if (kind > 0.92) return { how: "term", afterMs };
  if (kind > 0.8) return { how: "kill", afterMs };
  const later = dice.chance(0.3) ? dice.whole(1, LATEST) : 0;
  const killAt = (n: number, word: string, from: number): Ending => ({
    how: "statement",
    killAt: { afterMs: from, n, word, later },
  });
  if (kind < 0.1) return killAt(dice.whole(1, START.statements), "", 0);
  if (kind < 0.3) return killAt(dice.whole(1, START.transactions), "BEGIN", 0);
  if (kind < 0.6) return killAt(dice.whole(1, MOST_TRANSACTIONS), "BEGIN", afterMs);
  return killAt(dice.whole(1, MOST_LATE), dice.pick(LATE), afterMs);
}

function aimedEnding(dice: Dice, { word, most, later = 0 }: Aim): Ending {
  return { how: "statement", killAt: { afterMs: 0, n: dice.whole(1, most), word, later } };
}
