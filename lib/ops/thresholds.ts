/** When a figure is too high: told once when it gets there, and once when it is clearly back. */
import { type GpuReading, memoryPercent } from "../domain/gpu.ts";

export const LEVELS = ["ok", "warning", "critical"] as const;
export type Level = (typeof LEVELS)[number];

/** From where on a figure is of each level; 0: never. */
export interface Limits {
  readonly warning: number;
  readonly critical: number;
}

export interface ThresholdOptions extends Limits {
  /** How far below a limit the figure must fall until it counts as below it. */
  readonly margin: number;
  /** How many readings in a row must be that high. */
  readonly readings: number;
}

export class Threshold {
  readonly #options: ThresholdOptions;
  /** The level's place in `LEVELS`. */
  #level = 0;
  /** That of each of the last readings, by its figure alone. */
  #last: readonly number[] = [];

  constructor(options: ThresholdOptions) {
    this.#options = options;
  }

  get level(): Level {
    return LEVELS[this.#level] ?? "ok";
  }

  /** The level after another reading; one that is not known says nothing. */
  see(figure: number | null): Level {
    if (figure === null) return this.level;
    const { margin, readings } = this.#options;
    this.#last = [...this.#last, this.#rank(figure, 0)].slice(-readings);
    const reached = this.#last.length < readings ? 0 : Math.min(...this.#last);
    this.#level = Math.max(reached, Math.min(this.#level, this.#rank(figure, margin)));
    return this.level;
  }

  #rank(figure: number, margin: number): number {
    const { warning, critical } = this.#options;
    const isAt = (limit: number) => limit > 0 && figure >= limit - margin;
    if (isAt(critical)) return 2;
    return isAt(warning) ? 1 : 0;
  }
}

export const METRICS = ["temperature", "utilization", "memory"] as const;
export type Metric = (typeof METRICS)[number];
export type GpuLimits = Readonly<Record<Metric, Limits>>;

/** °C, and percent. */
export const DEFAULT_LIMITS: GpuLimits = {
  temperature: { warning: 75, critical: 85 },
  utilization: { warning: 90, critical: 98 },
  memory: { warning: 90, critical: 95 },
};

/** A model at work fills a card for moments, which is what the card is for. */
const STEADINESS: Readonly<Record<Metric, Pick<ThresholdOptions, "margin" | "readings">>> = {
  temperature: { margin: 3, readings: 1 },
  utilization: { margin: 5, readings: 3 },
  memory: { margin: 2, readings: 1 },
};

/** A figure's change of level. */
export interface Crossing {
  readonly metric: Metric;
  readonly level: Level;
  readonly before: Level;
  readonly value: number | null;
  /** The limit that it has reached, or fallen below. */
  readonly limit: number;
}

/** The levels of one card. */
export class GpuThresholds {
  readonly #limits: GpuLimits;
  readonly #thresholds: Readonly<Record<Metric, Threshold>>;

  constructor(limits: GpuLimits) {
    this.#limits = limits;
    const of = (metric: Metric) => new Threshold({ ...limits[metric], ...STEADINESS[metric] });
    this.#thresholds = { temperature: of("temperature"), utilization: of("utilization"), memory: of("memory") };
  }

  get levels(): Readonly<Record<Metric, Level>> {
    const { temperature, utilization, memory } = this.#thresholds;
    return { temperature: temperature.level, utilization: utilization.level, memory: memory.level };
  }

  /** What has changed with another reading. */
  see(reading: GpuReading): Crossing[] {
    const figures: Readonly<Record<Metric, number | null>> = {
      temperature: reading.temperature,
      utilization: reading.utilization,
      memory: memoryPercent(reading),
    };
    return METRICS.flatMap((metric) => {
      const threshold = this.#thresholds[metric];
      const before = threshold.level;
      const value = figures[metric];
      const level = threshold.see(value);
      if (level === before) return [];
      const reached = LEVELS.indexOf(level) > LEVELS.indexOf(before) ? level : before;
      const limit = this.#limits[metric][reached === "critical" ? "critical" : "warning"];
      return [{ metric, level, before, value: value === null ? null : Math.round(value * 10) / 10, limit }];
    });
  }
}
