/** The one table between risk scores and risk levels. */
import { z } from "zod";

export const RISK_LEVELS = ["low", "medium", "high", "critical"] as const;
export const RiskLevel = z.enum(RISK_LEVELS);
export type RiskLevel = z.infer<typeof RiskLevel>;

/** 0 (harmless) to 100 (an emergency). */
export const RiskScore = z.int().min(0).max(100);

/** The highest score of each level below critical; critical reaches to 100. */
export interface RiskBands {
  readonly lowMax: number;
  readonly mediumMax: number;
  readonly highMax: number;
}

export const DEFAULT_RISK_BANDS: RiskBands = { lowMax: 29, mediumMax: 59, highMax: 84 };

/** The level of a score. A level is never stored or sent unless this computed it. */
export function riskLevel(score: number, bands: RiskBands): RiskLevel {
  if (score <= bands.lowMax) return "low";
  if (score <= bands.mediumMax) return "medium";
  if (score <= bands.highMax) return "high";
  return "critical";
}

/** What nobody could judge is taken for as bad as this, until somebody has. */
export const UNJUDGED: RiskLevel = "high";

/** The higher, the graver; null is a level that nobody knows. */
export function gravityOf(level: RiskLevel | null): number {
  return RISK_LEVELS.indexOf(level ?? UNJUDGED);
}
