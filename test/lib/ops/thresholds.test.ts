import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { GpuReading } from "../../../lib/domain/gpu.ts";
import { simulatedCard } from "../../../lib/ops/simulation.ts";
import { DEFAULT_LIMITS, GpuThresholds, LEVELS, Threshold } from "../../../lib/ops/thresholds.ts";

const TEMPERATURE = { warning: 75, critical: 85, margin: 3, readings: 1 };
const levelsOf = (threshold: Threshold, figures: readonly (number | null)[]) =>
  figures.map((figure) => threshold.see(figure));

describe("Threshold", () => {
  const cases: [string, (number | null)[], string[]][] = [
    ["rises at the limit", [74.9, 75, 84.9, 85], ["ok", "warning", "warning", "critical"]],
    ["rises over two at once", [20, 99], ["ok", "critical"]],
    [
      "does not flicker around a limit",
      [75, 74, 75, 72.1, 71.9, 74],
      ["warning", "warning", "warning", "warning", "ok", "ok"],
    ],
    ["falls one level, or both", [85, 82, 81.9, 85, 20], ["critical", "critical", "warning", "critical", "ok"]],
    ["keeps its level where nothing is known", [80, null, null, 20], ["warning", "warning", "warning", "ok"]],
  ];
  for (const [what, figures, levels] of cases) {
    it(what, () => deepEqual(levelsOf(new Threshold(TEMPERATURE), figures), levels));
  }

  it("waits for so many readings in a row, and goes by the lowest of them", () => {
    const busy = new Threshold({ warning: 90, critical: 98, margin: 5, readings: 3 });
    deepEqual(levelsOf(busy, [100, 100, 50, 100, 92, 100, 100, 100]), [
      "ok",
      "ok",
      "ok",
      "ok",
      "ok",
      "warning",
      "warning",
      "critical",
    ]);
  });

  it("knows limits that are never reached", () => {
    const never = new Threshold({ ...TEMPERATURE, critical: 0 });
    deepEqual(levelsOf(never, [150]), ["warning"]);
    deepEqual(levelsOf(new Threshold({ ...TEMPERATURE, warning: 0, critical: 0 }), [150]), ["ok"]);
  });

  it("changes only where a figure has crossed a limit and its margin", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 60, max: 100 }), { minLength: 2 }), (figures) => {
        const threshold = new Threshold(TEMPERATURE);
        for (const figure of figures) {
          const before = LEVELS.indexOf(threshold.level);
          const after = LEVELS.indexOf(threshold.see(figure));
          if (after > before) ok(figure >= (after === 2 ? 85 : 75));
          if (after < before) ok(figure < (before === 2 ? 85 : 75) - 3);
          equal(threshold.see(figure), LEVELS[after]);
        }
      }),
    );
  });
});

describe("GpuThresholds", () => {
  const readingAt = (now: number): GpuReading => ({
    ...simulatedCard(now),
    simulated: true,
    recorded_at: new Date(now).toISOString(),
  });

  it("tells each crossing once, with figure and limit", () => {
    const thresholds = new GpuThresholds(DEFAULT_LIMITS);
    const hot = { ...readingAt(0), temperature: 86, memory_used: 23_000 };
    deepEqual(thresholds.see(hot), [
      { metric: "temperature", level: "critical", before: "ok", value: 86, limit: 85 },
      { metric: "memory", level: "warning", before: "ok", value: 93.6, limit: 90 },
    ]);
    deepEqual(thresholds.see(hot), []);
    deepEqual(thresholds.see({ ...hot, temperature: 60 }), [
      { metric: "temperature", level: "ok", before: "critical", value: 60, limit: 85 },
    ]);
    deepEqual(thresholds.see({ ...hot, temperature: null, memory_total: null }), []);
  });

  it("is led through all levels by the simulated card, within five minutes", () => {
    const thresholds = new GpuThresholds(DEFAULT_LIMITS);
    const crossings = Array.from({ length: 60 }, (_, n) => thresholds.see(readingAt(n * 5_000))).flat();
    for (const metric of ["temperature", "utilization", "memory"]) {
      const levels = crossings.filter((crossing) => crossing.metric === metric).map(({ level }) => level);
      deepEqual(levels, ["warning", "critical", "warning", "ok"], metric);
    }
  });
});
