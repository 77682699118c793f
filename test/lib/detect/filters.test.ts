import assert from "node:assert/strict";
import type { Box } from "../../../lib/detect/detector.ts";
import { type Filters, lowestThreshold, passes } from "../../../lib/detect/filters.ts";
import { noFilters } from "../../support/filters.ts";

const frame = { width: 200, height: 100 };
const box: Box = { label: "person", confidence: 0.7, x: 50, y: 20, width: 20, height: 40 };

describe("passes", () => {
  const pass = (changes: Partial<Box>, filters: Partial<Filters>, camera = "porch") =>
    passes({ ...box, ...changes }, frame, camera, { ...noFilters, ...filters });

  const thresholds = new Map([
    ["vehicle", 0.8],
    ["car", 0.6],
    ["person", 0.3],
    ["chair", 0.9],
  ]);
  const confidences: [label: string, least: number][] = [
    ["person", 0.3],
    ["pedestrian", 0.3],
    ["car", 0.6],
    ["truck", 0.8],
    ["vehicle", 0.8],
    ["chair", 0.9],
    ["dog", 0.5],
    ["motion", 0.5],
  ];
  for (const [label, least] of confidences) {
    it(`takes ${label} from ${least}`, () => {
      assert.equal(pass({ label, confidence: least }, { thresholds }), true);
      assert.equal(pass({ label, confidence: least - 0.01 }, { thresholds }), false);
    });
  }

  const labels: [label: string, allowed: string[], passes: boolean][] = [
    ["person", [], true],
    ["motion", [], true],
    ["person", ["person"], true],
    ["person", ["Person"], true],
    ["truck", ["person", "vehicle"], true],
    ["dog", ["person", "vehicle"], false],
    ["motion", ["person"], false],
    ["motion", ["person", "motion"], true],
    ["vehicle", ["car"], false],
  ];
  for (const [label, allowed, expected] of labels) {
    it(`${expected ? "takes" : "drops"} ${label} where ${allowed.join(", ") || "everything"} is allowed`, () => {
      assert.equal(pass({ label }, { labels: allowed }), expected);
    });
  }

  it("drops a box that covers less than the least share of the frame", () => {
    // 800 of 20,000 pixels.
    assert.equal(pass({}, { minArea: 0.04 }), true);
    assert.equal(pass({}, { minArea: 0.0401 }), false);
    assert.equal(pass({ width: 1, height: 1 }, { minArea: 0 }), true);
  });

  describe("masks", () => {
    // The lower half of the picture; the box stands in it, and its middle is above.
    const lower: Filters["masks"] = [
      {
        points: [
          [0, 0.5],
          [1, 0.5],
          [1, 1],
          [0, 1],
        ],
      },
    ];

    it("drop what stands in them", () => {
      assert.equal(pass({}, { masks: lower }), false);
      assert.equal(pass({ height: 29 }, { masks: lower }), true);
      assert.equal(pass({ height: 30 }, { masks: lower }), false, "on the edge is in");
      assert.equal(pass({ y: 60, height: 40 }, { masks: lower }), false, "at the bottom of the picture");
    });

    it("drop motion by its middle, for it stands nowhere", () => {
      const motion = { label: "motion" };
      assert.equal(pass(motion, { masks: lower }), true);
      assert.equal(pass({ ...motion, y: 30 }, { masks: lower }), false);
    });

    it("are those of the camera, or of all", () => {
      const ofPorch = lower.map((mask) => ({ ...mask, camera: "porch" }));
      assert.equal(pass({}, { masks: ofPorch }), false);
      assert.equal(pass({}, { masks: ofPorch }, "yard"), true);
      assert.equal(pass({}, { masks: lower }, "yard"), false);
    });
  });
});

describe("lowestThreshold", () => {
  const cases: [least: number, thresholds: [string, number][], lowest: number][] = [
    [0.5, [], 0.5],
    [0.5, [["person", 0.7]], 0.5],
    [
      0.5,
      [
        ["person", 0.7],
        ["car", 0.2],
      ],
      0.2,
    ],
  ];
  for (const [minConfidence, thresholds, lowest] of cases) {
    it(`of ${minConfidence} and ${JSON.stringify(thresholds)} is ${lowest}`, () => {
      assert.equal(lowestThreshold({ ...noFilters, minConfidence, thresholds: new Map(thresholds) }), lowest);
    });
  }
});
