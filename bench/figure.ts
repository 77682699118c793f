/** A measured figure: one row of the table that `npm run bench` prints and of the JSON that it writes. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What `value` should stay below or reach, for people; null for a figure that is only reported. */
  readonly goal: string | null;
  /** Whether the goal is met; null where there is none. */
  readonly ok: boolean | null;
  /** How it was measured. */
  readonly detail: string;
}

export interface Benchmark {
  readonly name: string;
  /** It takes long, and runs only where it is asked for. */
  readonly onlyByName?: boolean;
  run(): Promise<Figure[]>;
}

/** A figure that must stay below a limit. */
export function below(limit: number, figure: Pick<Figure, "name" | "value" | "unit" | "detail">): Figure {
  return { ...figure, goal: `< ${limit} ${figure.unit}`, ok: figure.value < limit };
}

/** A figure that must reach a limit. */
export function atLeast(limit: number, figure: Pick<Figure, "name" | "value" | "unit" | "detail">): Figure {
  return { ...figure, goal: `>= ${limit} ${figure.unit}`, ok: figure.value >= limit };
}

/** The value that a share of the values (0 to 1) does not exceed, by nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}
