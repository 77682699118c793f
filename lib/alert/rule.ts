/** What a user asks for: rules, of which the first that holds decides, and what limits all of them. */
import { z } from "zod";
import { CameraId } from "../domain/camera.ts";
import { Trust } from "../domain/identity.ts";
import { RiskLevel } from "../domain/risk.ts";
import { Mode } from "../domain/settings.ts";
import { DEFAULT_DEDUP_KEY, DedupKeyTemplate } from "./dedup-key.ts";
import { Schedule } from "./schedule.ts";

const Words = z.array(z.string().trim().toLowerCase().min(1).max(64)).max(50);

/** What of a baseline's verdict is asked for: the second takes what is very unusual only. */
const UNUSUAL = ["unusual", "very unusual"] as const;

/** All that it asks must hold; null and empty ask nothing. */
export const AlertRule = z.object({
  name: z.string().trim().min(1, "must not be empty").max(64),
  enabled: z.boolean().default(true),
  /** Whether it takes events that have a score, those that have none, or both. A score is then asked of those that have one. */
  events: z.enum(["scored", "unscored", "all"]).default("scored"),
  minScore: z.int().min(0).max(100).nullable().default(null),
  minLevel: RiskLevel.nullable().default(null),
  cameras: z.array(CameraId).max(100).default([]),
  modes: z.array(Mode).default([]),
  schedule: Schedule.nullable().default(null),
  // From here on, one and the same detection must have all that is asked.
  labels: Words.default([]),
  zones: Words.default([]),
  /** 0 to 1. */
  minConfidence: z.number().min(0).max(1).nullable().default(null),
  /** Seconds that a thing of its kind has stayed in a zone, in one of `zones` where those are given. */
  minDwell: z.number().positive().max(86_400).nullable().default(null),
  unusual: z.enum(UNUSUAL).nullable().default(null),
  trust: z.array(Trust).default([]),
  // What comes of it.
  severity: z.union([z.literal("event"), RiskLevel]).default("event"),
  /** Seconds. */
  cooldown: z.number().min(0).max(86_400).default(300),
  dedupKey: DedupKeyTemplate.default(DEFAULT_DEDUP_KEY),
  /** Names of the node's channels; none stands for all. */
  channels: Words.default([]),
});
export type AlertRule = z.infer<typeof AlertRule>;

const MOST_RULES = 30;

/** More than this is more than anybody keeps in mind, and more than a decision should have to tell. */
export const AlertRules = z
  .array(AlertRule)
  .max(MOST_RULES)
  .refine(
    (rules) => new Set(rules.map(({ name }) => name.toLowerCase())).size === rules.length,
    "must have a name of its own for each rule",
  );

/** What limits all rules of a node. */
export interface AlertLimits {
  /** When phones are to be quiet; null: never. */
  readonly quietHours: Schedule | null;
  /** What of this severity passes in quiet hours; null: nothing. */
  readonly quietSeverity: RiskLevel | null;
  /** Alerts in any hour; 0 for no limit. What is critical always passes. */
  readonly maxPerHour: number;
}

export interface AlertPolicy extends AlertLimits {
  readonly rules: readonly AlertRule[];
}

/** What holds until somebody writes other rules. */
export const DEFAULT_RULES: readonly AlertRule[] = [
  AlertRule.parse({ name: "High risk", minScore: 60 }),
  AlertRule.parse({ name: "Person, not analysed", events: "unscored", labels: ["person"], severity: "high" }),
];
