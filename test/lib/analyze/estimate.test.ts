import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { estimateRisk } from "../../../lib/analyze/estimate.ts";
import type { Detection } from "../../../lib/domain/detection.ts";
import { DEFAULT_RISK_BANDS, riskLevel } from "../../../lib/domain/risk.ts";
import { batch, detection } from "./fixtures.ts";

const DAY = 14;
const NIGHT = 2;
const see = (...labels: string[]) => labels.map((label) => detection({ label }));
const close = { width: 300, height: 300 };

describe("estimateRisk", () => {
  const cases: [string, Detection[], number, number, string][] = [
    ["nothing", [], DAY, 0, "low"],
    ["animals", see("dog", "cat"), DAY, 5, "low"],
    ["an animal at night", see("cat"), NIGHT, 5, "low"],
    ["motion only", see("motion"), NIGHT, 10, "low"],
    ["something else", see("umbrella"), DAY, 10, "low"],
    ["something else and an animal", see("umbrella", "dog"), DAY, 10, "low"],
    ["an animal and motion", see("motion", "dog"), DAY, 5, "low"],
    ["a vehicle", see("car"), DAY, 15, "low"],
    ["vehicles and an animal", see("truck", "bus", "dog"), DAY, 15, "low"],
    ["a vehicle at night", see("car"), NIGHT, 25, "low"],
    ["a person", see("person"), DAY, 25, "low"],
    ["a label in capitals", see("PERSON"), DAY, 25, "low"],
    ["a person with a dog and a car", see("person", "dog", "car"), DAY, 25, "low"],
    ["two people", see("person", "person"), DAY, 35, "medium"],
    ["one person in two pictures", [detection(), detection({ upload_id: "up_2" })], DAY, 25, "low"],
    ["one person at two moments of a clip", [detection(), detection({ offset_ms: 1000 })], DAY, 25, "low"],
    ["a person close by", [detection(close)], DAY, 35, "medium"],
    ["a car close by and a person", [detection({ ...close, label: "car" }), detection()], DAY, 25, "low"],
    ["a person at night", see("person"), NIGHT, 50, "medium"],
    ["two people at night", see("person", "person"), NIGHT, 60, "high"],
    ["two people close by at night", [detection(close), detection()], NIGHT, 70, "high"],
  ];
  for (const [what, detections, hour, score, level] of cases) {
    it(`${what} at ${hour} h: ${score}`, () => {
      const estimate = estimateRisk(batch(detections), hour);
      equal(estimate.risk_score, score);
      equal(riskLevel(estimate.risk_score, DEFAULT_RISK_BANDS), level);
    });
  }

  it("lists every rule that applied with its points", () => {
    deepEqual(estimateRisk(batch([detection(), detection()]), NIGHT), {
      risk_score: 60,
      summary: "Estimated by rules: person",
      reasoning:
        "No model has judged this. Rules that apply: a person (+25), a person at night (+25), " +
        "two or more people in one picture (+10). Sum: 60 of 100.",
      recommended_action: null,
    });
    match(estimateRisk(batch([]), DAY).reasoning, /apply: none\. Sum: 0 of 100/);
  });

  it("stays from 0 to 100 and adds up, whatever was seen", () => {
    const label = fc.constantFrom("person", "car", "dog", "motion", "umbrella", "constructor");
    const seen = fc.array(fc.record({ label, width: fc.integer({ min: 1, max: 1000 }) }));
    fc.assert(
      fc.property(seen, fc.integer({ min: 0, max: 23 }), (detections, hour) => {
        const { risk_score, reasoning } = estimateRisk(batch(detections.map((changes) => detection(changes))), hour);
        const points = [...reasoning.matchAll(/\(\+(\d+)\)/g)].map(([, number]) => Number(number));
        equal(
          risk_score,
          points.reduce((sum, number) => sum + number, 0),
        );
        ok(risk_score >= 0 && risk_score <= 100);
      }),
    );
  });
});
