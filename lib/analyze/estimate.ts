/** A risk score by open rules, for the time without a model. */
import type { Batch } from "../domain/batch.ts";
import type { Detection } from "../domain/detection.ts";
import { groupOf } from "../domain/labels.ts";
import { isNight } from "./local-time.ts";
import { sceneText, sizeOf } from "./scene.ts";

export interface Estimate {
  readonly risk_score: number;
  readonly summary: string;
  readonly reasoning: string;
  readonly recommended_action: string | null;
}

/** What can be seen, the most serious first. */
const KINDS = ["person", "vehicle", "other", "animal", "motion"] as const;
type Kind = (typeof KINDS)[number];

interface Scene {
  /** The most serious kind that was seen; undefined where nothing was. */
  readonly chief: Kind | undefined;
  /** The most people in one picture: one person in five pictures is not five people. */
  readonly people: number;
  readonly personClose: boolean;
  readonly night: boolean;
}

interface Rule {
  readonly points: number;
  readonly because: string;
  readonly applies: (scene: Scene) => boolean;
}

/**
 * All the rules; the score is the sum of the points of those that apply. The points are our own starting values, set so
 * that with the default bands a person by day is low, at night medium, and several people at night are high. Nobody has
 * measured them. Together they stay below the default `critical`: that takes more than counting.
 */
const RULES: readonly Rule[] = [
  { points: 25, because: "a person", applies: ({ chief }) => chief === "person" },
  { points: 25, because: "a person at night", applies: ({ chief, night }) => chief === "person" && night },
  { points: 10, because: "two or more people in one picture", applies: ({ people }) => people >= 2 },
  { points: 10, because: "a person close to the camera", applies: ({ personClose }) => personClose },
  { points: 15, because: "a vehicle and no person", applies: ({ chief }) => chief === "vehicle" },
  { points: 10, because: "a vehicle at night", applies: ({ chief, night }) => chief === "vehicle" && night },
  { points: 10, because: "an object of another kind", applies: ({ chief }) => chief === "other" },
  { points: 5, because: "animals only", applies: ({ chief }) => chief === "animal" },
  { points: 10, because: "motion only, nothing recognised", applies: ({ chief }) => chief === "motion" },
];

/** Scores a batch by the rules. `localHour` is the hour, 0 to 23, on the camera's clock. */
export function estimateRisk(batch: Batch, localHour: number): Estimate {
  const scene = sceneOf(batch.detections, isNight(localHour));
  const applied = RULES.filter((rule) => rule.applies(scene));
  const score = applied.reduce((sum, { points }) => sum + points, 0);
  const reasons = applied.map(({ points, because }) => `${because} (+${points})`);
  return {
    risk_score: score,
    summary: `Estimated by rules: ${sceneText(batch.detections)}`,
    reasoning: `No model has judged this. Rules that apply: ${reasons.join(", ") || "none"}. Sum: ${score} of 100.`,
    recommended_action: null,
  };
}

function sceneOf(detections: readonly Detection[], night: boolean): Scene {
  const kinds = new Set(detections.map(kindOf));
  const people = detections.filter((detection) => kindOf(detection) === "person");
  const perPicture = Map.groupBy(people, ({ upload_id, offset_ms }) => `${offset_ms} ${upload_id}`);
  return {
    chief: KINDS.find((kind) => kinds.has(kind)),
    people: Math.max(0, ...[...perPicture.values()].map((group) => group.length)),
    personClose: people.some((person) => sizeOf(person) === "large"),
    night,
  };
}

function kindOf({ label }: Detection): Kind {
  return groupOf(label) ?? (label.toLowerCase() === "motion" ? "motion" : "other");
}
