/**
 * Whether an event alerts. Every rule and every condition is looked at and kept, so that a person can see why it did or did
 * not.
 */
import type { Condition, RuleDecision } from "../domain/alert.ts";
import type { SecurityEvent } from "../domain/event.ts";
import { gravityOf, type RiskLevel } from "../domain/risk.ts";
import { dedupKey } from "./dedup-key.ts";
import {
  type Circumstances,
  cooldownGate,
  dismissedGate,
  hourlyGate,
  lateGate,
  quietGate,
  snoozeGate,
  switchGate,
  thresholdGate,
} from "./gates.ts";
import type { AlertPolicy, AlertRule } from "./rule.ts";
import { type Scene, sceneConditions, thingConditions } from "./rule-conditions.ts";
import { type Thing, thingsOf, zonesAmong } from "./things.ts";

export interface Decision {
  readonly outcome: "alert" | "suppressed";
  /** What an alert comes to: a new one, one that is told again because it is graver, or one that is brought up to date. */
  readonly change: "new" | "graver" | "update";
  /** Whether a rule and the camera's threshold find it worth an alert, whatever silences it. */
  readonly wanted: boolean;
  /** Whether people want to hear nothing of it, not even that it was none. */
  readonly silenced: boolean;
  /** The rule that decides; null where none holds. */
  readonly rule: AlertRule | null;
  readonly severity: RiskLevel | null;
  readonly dedup_key: string | null;
  readonly reason: string;
  readonly conditions: Condition[];
  readonly rules: RuleDecision[];
}

interface Match {
  readonly rule: AlertRule;
  readonly decision: RuleDecision;
  readonly fitting: readonly Thing[];
}

const SILENCING: ReadonlySet<string> = new Set(["switch", "snooze", "dismissed"]);

/** Weighs an event against rules and against what people have set; the first rule of which all conditions hold decides. */
export function decide(event: SecurityEvent, policy: AlertPolicy, circumstances: Circumstances): Decision {
  const { judgement, site, cameraTimeZone, running } = circumstances;
  const scene: Scene = { event, judgement, mode: site.mode, timeZone: cameraTimeZone };
  const things = thingsOf(event);
  const matches = policy.rules.map((rule) => matchOf(rule, scene, things));
  const match = matches.find(({ decision }) => decision.passed) ?? null;
  const severity = match ? severityOf(match.rule, judgement.level) : judgement.level;
  const key = match && keyOf(match, event, severity, circumstances.incidentId);
  const isGraver = running !== null && gravityOf(severity) > gravityOf(running.severity);
  const change = running === null ? "new" : isGraver ? "graver" : "update";
  const conditions = [
    lateGate(event, circumstances.now),
    thresholdGate(circumstances),
    switchGate(circumstances),
    snoozeGate(circumstances, change === "update"),
    quietGate(severity, policy, circumstances),
    change === "update" ? dismissedGate(circumstances) : null,
    // An alert that stands has had its cooldown and its place in the hour.
    change === "new" && match && key !== null ? cooldownGate(severity, match.rule, key, circumstances) : null,
    change === "new" ? hourlyGate(severity, policy, circumstances) : null,
  ].filter((condition) => condition !== null);
  const rules = matches.map(({ decision }) => decision);
  const failed = conditions.find(({ passed }) => !passed);
  return {
    outcome: match && !failed ? "alert" : "suppressed",
    change,
    wanted: match !== null && conditions.every(({ name, passed }) => passed || name !== "threshold"),
    silenced: conditions.some(({ name, passed }) => !passed && SILENCING.has(name)),
    rule: match?.rule ?? null,
    severity,
    dedup_key: key,
    reason: reasonOf(match?.rule ?? null, failed, rules),
    conditions,
    rules,
  };
}

function matchOf(rule: AlertRule, scene: Scene, things: readonly Thing[]): Match {
  const { name } = rule;
  if (!rule.enabled) {
    const conditions = [{ name: "enabled", passed: false, value: "off", asked: "on" }];
    return { rule, decision: { name, passed: false, conditions }, fitting: [] };
  }
  const { conditions, fitting } = thingConditions(rule, things);
  const all = [...sceneConditions(rule, scene), ...conditions];
  return { rule, decision: { name, passed: all.every(({ passed }) => passed), conditions: all }, fitting };
}

function severityOf({ severity }: AlertRule, level: RiskLevel | null): RiskLevel | null {
  return severity === "event" ? level : severity;
}

function keyOf(
  { rule, fitting }: Match,
  event: SecurityEvent,
  severity: RiskLevel | null,
  incident_id: string | null,
): string {
  const [thing] = fitting;
  return dedupKey(rule.dedupKey, {
    camera_id: event.camera_id,
    rule: rule.name,
    label: thing?.label ?? null,
    zone: (thing && zonesAmong(thing, rule.zones)[0]) ?? null,
    severity,
    incident_id,
  });
}

/** Of each rule the first condition that failed: what somebody would have to change. */
function reasonOf(rule: AlertRule | null, failed: Condition | undefined, rules: readonly RuleDecision[]): string {
  if (rule && !failed) return `Rule "${rule.name}" holds`;
  if (rule && failed) return `Rule "${rule.name}" holds, but ${conditionText(failed)}`;
  if (rules.length === 0) return "There is no rule";
  const causes = rules.map(({ name, conditions }) => {
    const cause = conditions.find(({ passed }) => !passed);
    return cause ? `"${name}": ${conditionText(cause)}` : `"${name}"`;
  });
  return `No rule holds. ${causes.join("; ")}`;
}

function conditionText({ name, value, asked, left_s }: Condition): string {
  const left = left_s === undefined ? "" : `, ${left_s} s left`;
  return `${name.replaceAll("_", " ")} is ${value ?? "not known"}${left}, asked is ${asked}`;
}
