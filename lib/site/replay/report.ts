/** What a replay prints: scores side by side, and what each judge tends to. */
import { type Comparison, compareOpinions, type ScorePair } from "../../analyze/comparison.ts";
import { localTime } from "../../analyze/local-time.ts";
import { asData } from "../../analyze/sanitise.ts";
import { sceneText } from "../../analyze/scene.ts";
import { RISK_LEVELS, type RiskBands, type RiskLevel, riskLevel } from "../../domain/risk.ts";
import { textTable } from "../text-table.ts";
import type { Judge, Judged } from "./judges.ts";
import type { Replay, ReplayedScene } from "./replay.ts";
import type { ReplaySettings } from "./settings.ts";

export interface ReportInput {
  readonly replay: Replay;
  readonly first: Judge;
  readonly second: Judge;
  readonly settings: ReplaySettings;
}

const NAME_LENGTH = 32;
const LABELS_LENGTH = 40;
const BAR_LENGTH = 20;
const FIGURE_LENGTH = 8;
const NONE = "-";
/** What the judgements took, in all. */
const MEASURES: readonly (readonly [name: string, of: (judged: Judged) => number | null, digits: number])[] = [
  ["prompt tokens", ({ prompt_tokens }) => prompt_tokens, 0],
  ["of them from the cache", ({ cached_tokens }) => cached_tokens, 0],
  ["answer tokens", ({ completion_tokens }) => completion_tokens, 0],
  ["seconds", ({ latency_ms }) => latency_ms && latency_ms / 1_000, 1],
];

/** As text for a terminal. */
export function reportText({ replay: { replayed }, first, second, settings }: ReportInput): string {
  const comparison = compareOpinions(pairsOf(replayed, settings.bands));
  const scores = [["time", "camera", "seen", "A", "B", "B-A"], ...replayed.map((each) => rowOf(each, settings))];
  const parts = [
    `A: ${first.name}\nB: ${second.name}`,
    textTable(scores, [3, 4, 5]),
    figures(comparison, replayed),
    differenceLine(comparison),
    failureLine("A", failuresOf(replayed.map((each) => each.first))),
    failureLine("B", failuresOf(replayed.map((each) => each.second))),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** For programs. In the comparison, A is `own`. */
export function reportJson({ replay: { replayed, stopped }, first, second, settings }: ReportInput): object {
  return {
    a: first.name,
    b: second.name,
    stopped: stopped?.message ?? null,
    comparison: compareOpinions(pairsOf(replayed, settings.bands)),
    events: replayed.map(({ scene: { batch, event }, first: a, second: b }) => ({
      event_id: event?.event_id ?? null,
      batch_id: batch.batch_id,
      camera_id: batch.camera_id,
      started_at: batch.started_at,
      a,
      b,
    })),
  };
}

/** The scenes to which both gave a score. Both are read by one table of levels, whatever held at the time. */
function pairsOf(replayed: readonly ReplayedScene[], bands: RiskBands) {
  const scored = (risk_score: number) => ({ risk_score, risk_level: riskLevel(risk_score, bands) });
  return replayed.flatMap(({ scene: { batch }, first, second }) => {
    const [own, other] = [first?.risk_score ?? null, second?.risk_score ?? null];
    if (own === null || other === null) return [];
    return [{ batch_id: batch.batch_id, own: scored(own), other: scored(other) }];
  });
}

function rowOf({ scene: { batch, event }, first, second }: ReplayedScene, settings: ReplaySettings): string[] {
  const { name, time_zone } = settings.camera(batch.camera_id, event?.camera_name ?? batch.camera_id);
  const { date, time } = localTime(batch.started_at, time_zone);
  const [a, b] = [first?.risk_score ?? null, second?.risk_score ?? null];
  return [
    `${date} ${time}`,
    asData(name, NAME_LENGTH),
    asData(sceneText(batch.detections), LABELS_LENGTH),
    scoreText(first),
    scoreText(second),
    a === null || b === null ? "" : signed(b - a),
  ];
}

/** A dash where the judge gave no score, nothing where it was not its turn. */
function scoreText(judged: Judged | null): string {
  return judged === null ? "" : String(judged.risk_score ?? NONE);
}

function signed(difference: number): string {
  return difference > 0 ? `+${difference}` : String(difference);
}

/** A judge's part of the figures. */
interface Column {
  readonly judged: readonly (Judged | null)[];
  readonly mean: number | null;
  /** How many are on a level. */
  on(level: RiskLevel): number;
}

function figures({ count, mean, levels }: Comparison<ScorePair>, replayed: readonly ReplayedScene[]): string {
  const first: Column = {
    judged: replayed.map((each) => each.first),
    mean: mean.own,
    on: (level) => levels[level].own,
  };
  const second: Column = {
    judged: replayed.map((each) => each.second),
    mean: mean.other,
    on: (level) => levels[level].other,
  };
  const row = (name: string, figure: (column: Column) => string) => [name, figure(first), figure(second)];
  const bar = (of: number) => "#".repeat(Math.ceil((BAR_LENGTH * of) / count));
  return textTable([
    [`of ${count} with both scores`, "A".padStart(FIGURE_LENGTH), "B".padStart(FIGURE_LENGTH)],
    ...RISK_LEVELS.map((level) =>
      row(`  ${level}`, (column) => `${figureText(column.on(level))} ${bar(column.on(level))}`),
    ),
    row("  mean score", (column) => figureText(column.mean, 1)),
    ["as far as measured"],
    ...MEASURES.map(([name, measure, digits]) =>
      row(`  ${name}`, ({ judged }) => figureText(sumOf(judged.map((each) => each && measure(each))), digits)),
    ),
  ]);
}

function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

function figureText(value: number | null, digits = 0): string {
  return (value?.toFixed(digits) ?? NONE).padStart(FIGURE_LENGTH);
}

function differenceLine({ count, mean_absolute_difference: difference, same_level }: Comparison<ScorePair>): string {
  return `Mean difference, up or down: ${difference?.toFixed(1) ?? NONE}. Another level: ${count - same_level} of ${count}.`;
}

function failuresOf(judged: readonly (Judged | null)[]): string[] {
  return judged.flatMap((each) => each?.failure ?? []);
}

function failureLine(name: string, failures: readonly string[]): string {
  const last = failures.at(-1);
  return last === undefined ? "" : `${name} gave no score ${failures.length} times; the last time: ${last}`;
}
