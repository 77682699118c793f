/** What two judges made of the same batches, side by side. */
import type { RiskLevel } from "../domain/risk.ts";
import type { Opinion } from "../domain/verdict.ts";

/** What each has made of a batch. */
export interface ScorePair {
  readonly own: Pick<Opinion, "risk_score" | "risk_level">;
  readonly other: Pick<Opinion, "risk_score" | "risk_level">;
}

/** Means are null where there is no batch. */
export interface Comparison<P extends ScorePair> {
  /** Batches that both have judged. */
  readonly count: number;
  /** Of the scores. */
  readonly mean: { readonly own: number | null; readonly other: number | null };
  /** Other minus own. */
  readonly mean_difference: number | null;
  readonly mean_absolute_difference: number | null;
  /** How many batches both have put on the same level. */
  readonly same_level: number;
  /** How many batches each has put on a level. */
  readonly levels: Readonly<Record<RiskLevel, { readonly own: number; readonly other: number }>>;
  /** The batches on which the scores differ most, the largest difference first. */
  readonly differ_most: readonly (P & { readonly difference: number })[];
}

const MOST_SHOWN = 20;

/** Compares verdicts on the same batches. Means have two decimals. */
export function compareOpinions<P extends ScorePair>(pairs: readonly P[]): Comparison<P> {
  const differences = pairs.map(({ own, other }) => other.risk_score - own.risk_score);
  const on = (level: RiskLevel) => ({
    own: pairs.filter(({ own }) => own.risk_level === level).length,
    other: pairs.filter(({ other }) => other.risk_level === level).length,
  });
  return {
    count: pairs.length,
    mean: {
      own: mean(pairs.map(({ own }) => own.risk_score)),
      other: mean(pairs.map(({ other }) => other.risk_score)),
    },
    mean_difference: mean(differences),
    mean_absolute_difference: mean(differences.map(Math.abs)),
    same_level: pairs.filter(({ own, other }) => own.risk_level === other.risk_level).length,
    levels: { low: on("low"), medium: on("medium"), high: on("high"), critical: on("critical") },
    differ_most: pairs
      .map((pair, index) => ({ ...pair, difference: differences[index] ?? 0 }))
      .filter(({ difference }) => difference !== 0)
      .sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference))
      .slice(0, MOST_SHOWN),
  };
}

function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 100) / 100;
}
