/** The conditions of a rule, each with what there was and what was asked. */
import type { Condition } from "../domain/alert.ts";
import type { SecurityEvent } from "../domain/event.ts";
import { isWanted } from "../domain/labels.ts";
import { gravityOf, type RiskLevel } from "../domain/risk.ts";
import { MODES, type Mode } from "../domain/settings.ts";
import { toMillis } from "../domain/time.ts";
import type { AlertRule } from "./rule.ts";
import { clockAt, isScheduled, scheduleText } from "./schedule.ts";
import { type Thing, zonesAmong } from "./things.ts";

/** The score and the level that an event is judged by, which need not be those that a model gave it. */
export interface Judgement {
  readonly score: number | null;
  readonly level: RiskLevel | null;
}

/** What the conditions of a rule that concern the whole event look at. */
export interface Scene {
  readonly event: SecurityEvent;
  readonly judgement: Judgement;
  readonly mode: Mode;
  /** The camera's. */
  readonly timeZone: string;
}

type SceneCondition = (rule: AlertRule, scene: Scene) => Condition | null;

/** In a rule that names no mode. */
const MODES_THAT_ALERT = MODES.filter((mode) => mode !== "off");

const SCENE_CONDITIONS: readonly SceneCondition[] = [
  ({ events }, { judgement: { score } }) => {
    const passed = events === "all" || (events === "scored") === (score !== null);
    return { name: "events", passed, value: score === null ? "unscored" : "scored", asked: events };
  },
  ({ minScore, events }, { judgement: { score } }) => {
    if (minScore === null || isExempt(events, score)) return null;
    return { name: "score", passed: score !== null && score >= minScore, value: score, asked: `${minScore} or more` };
  },
  ({ minLevel, events }, { judgement: { score, level } }) => {
    if (minLevel === null || isExempt(events, score)) return null;
    const passed = level !== null && gravityOf(level) >= gravityOf(minLevel);
    return { name: "level", passed, value: level, asked: `${minLevel} or worse` };
  },
  ({ cameras }, { event: { camera_id } }) => {
    if (cameras.length === 0) return null;
    return { name: "camera", passed: cameras.includes(camera_id), value: camera_id, asked: anyOf(cameras) };
  },
  ({ modes }, { mode }) => {
    const wanted = modes.length > 0 ? modes : MODES_THAT_ALERT;
    return { name: "mode", passed: wanted.includes(mode), value: mode, asked: anyOf(wanted) };
  },
  ({ schedule }, { event: { started_at }, timeZone }) => {
    if (schedule === null) return null;
    const at = toMillis(started_at);
    const passed = isScheduled(schedule, at, timeZone);
    return {
      name: "schedule",
      passed,
      value: clockAt(at, schedule.timeZone || timeZone),
      asked: scheduleText(schedule),
    };
  },
];

/** A condition that one detection must meet. */
interface ThingCondition {
  readonly name: string;
  /** What is asked, in words; null where the rule asks nothing. */
  asked(rule: AlertRule): string | null;
  holds(thing: Thing, rule: AlertRule): boolean;
  /** What a thing has; null where it has nothing of that. */
  has(thing: Thing, rule: AlertRule): string | null;
}

const THING_CONDITIONS: readonly ThingCondition[] = [
  {
    name: "labels",
    asked: ({ labels }) => (labels.length > 0 ? anyOf(labels) : null),
    holds: ({ label }, { labels }) => isWanted(label, labels),
    has: ({ label }) => label,
  },
  {
    name: "zones",
    asked: ({ zones }) => (zones.length > 0 ? anyOf(zones) : null),
    holds: (thing, { zones }) => zonesAmong(thing, zones).length > 0,
    has: ({ zones }) => (zones.size > 0 ? [...zones.keys()].join(" and ") : null),
  },
  {
    name: "confidence",
    asked: ({ minConfidence }) => (minConfidence === null ? null : `${minConfidence} or more`),
    holds: ({ confidence }, { minConfidence }) => confidence !== null && confidence >= (minConfidence ?? 0),
    has: ({ confidence }) => confidence?.toFixed(2) ?? null,
  },
  {
    name: "dwell",
    asked: ({ minDwell }) => (minDwell === null ? null : `${minDwell} s or more`),
    holds: (thing, rule) => longestStay(thing, rule) >= (rule.minDwell ?? 0),
    has: (thing, rule) => (longestStay(thing, rule) < 0 ? null : `${longestStay(thing, rule)} s`),
  },
  {
    name: "unusual",
    asked: ({ unusual }) => unusual,
    holds: ({ usual }, { unusual }) => usual === unusual || usual === "very unusual",
    has: ({ usual }) => usual,
  },
  {
    name: "trust",
    asked: ({ trust }) => (trust.length > 0 ? anyOf(trust) : null),
    holds: ({ trust }, { trust: wanted }) => wanted.includes(trust),
    has: ({ trust }) => trust,
  },
];

/** The conditions that concern the whole event; what a rule does not ask is left out. */
export function sceneConditions(rule: AlertRule, scene: Scene): Condition[] {
  return SCENE_CONDITIONS.flatMap((condition) => condition(rule, scene) ?? []);
}

/**
 * The conditions that concern a detection, each by itself, and that there is one which meets them all; and the things that
 * do. Where nothing is asked of a detection, an event that shows none passes as well.
 */
export function thingConditions(
  rule: AlertRule,
  things: readonly Thing[],
): { conditions: Condition[]; fitting: readonly Thing[] } {
  const asking = THING_CONDITIONS.filter((condition) => condition.asked(rule) !== null);
  const conditions = asking.map((condition) => ({
    name: condition.name,
    passed: things.some((thing) => condition.holds(thing, rule)),
    value: listOf(things.map((thing) => condition.has(thing, rule))),
    asked: condition.asked(rule) ?? "",
  }));
  const fitting = things.filter((thing) => asking.every((condition) => condition.holds(thing, rule)));
  // One alone says so itself.
  if (asking.length < 2) return { conditions, fitting };
  const names = asking.map(({ name }) => name);
  const together: Condition = {
    name: "same_detection",
    passed: fitting.length > 0,
    value: `${fitting.length} of ${things.length}`,
    asked: `${names.slice(0, -1).join(", ")} and ${names.at(-1)} in one detection`,
  };
  return { conditions: [...conditions, together], fitting };
}

/** A score is not asked of an event that has none and that the rule takes all the same. */
function isExempt(events: AlertRule["events"], score: number | null): boolean {
  return score === null && events !== "scored";
}

/** Below 0 where nobody knows of any. */
function longestStay(thing: Thing, { zones }: AlertRule): number {
  return Math.max(-1, ...zonesAmong(thing, zones).map((zone) => thing.zones.get(zone) ?? -1));
}

function anyOf(words: readonly string[]): string {
  return words.join(" or ");
}

const MOST_LISTED = 10;

/** Each once; null where there is none. */
function listOf(values: readonly (string | null)[]): string | null {
  const distinct = [...new Set(values.filter((value) => value !== null))];
  if (distinct.length === 0) return null;
  const rest = distinct.length > MOST_LISTED ? ", …" : "";
  return distinct.slice(0, MOST_LISTED).join(", ") + rest;
}
