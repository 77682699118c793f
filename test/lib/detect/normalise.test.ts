import assert from "node:assert/strict";
import fc from "fast-check";
import type { Box } from "../../../lib/detect/detector.ts";
import type { Filters } from "../../../lib/detect/filters.ts";
import type { Mask } from "../../../lib/detect/mask.ts";
import { toDetections } from "../../../lib/detect/normalise.ts";
import { Detection } from "../../../lib/domain/detection.ts";
import { deriveId } from "../../../lib/domain/ids.ts";
import { noFilters } from "../../support/filters.ts";

const options = {
  filters: noFilters,
  cameraId: "porch",
  uploadId: "up_1",
  inspectionId: "in_1",
  capturedAt: "2026-03-01T10:00:00.000Z",
};
const frame = { width: 640, height: 480 };
const person: Box = { label: "person", confidence: 0.9, x: 10, y: 20, width: 30, height: 60 };

function normalise(boxes: Box[], filters: Partial<Filters> = {}): Detection[] {
  return toDetections({ frame, boxes, inferenceMs: null }, { ...options, filters: { ...noFilters, ...filters } });
}

describe("toDetections", () => {
  it("makes a detection of a box", () => {
    assert.deepEqual(normalise([person]), [
      {
        detection_id: deriveId("detection", "in_1", 0),
        upload_id: "up_1",
        captured_at: "2026-03-01T10:00:00.000Z",
        offset_ms: 0,
        label: "person",
        confidence: 0.9,
        x: 10,
        y: 20,
        width: 30,
        height: 60,
        frame_width: 640,
        frame_height: 480,
      },
    ]);
  });

  const areas: [why: string, box: Partial<Box>, kept: [number, number, number, number] | null][] = [
    ["the whole frame", { x: 0, y: 0, width: 640, height: 480 }, [0, 0, 640, 480]],
    ["over the left and top edge", { x: -10, y: -5, width: 30, height: 25 }, [0, 0, 20, 20]],
    ["over the right and bottom edge", { x: 630, y: 470, width: 30, height: 30 }, [630, 470, 10, 10]],
    ["around the frame", { x: -1e9, y: -1e9, width: 3e9, height: 3e9 }, [0, 0, 640, 480]],
    ["between pixels", { x: 10.4, y: 20.6, width: 5, height: 5 }, [10, 20, 6, 6]],
    ["beside the frame", { x: 640, width: 10 }, null],
    ["above the frame", { y: -60, height: 60 }, null],
    ["without width", { width: 0 }, null],
    ["inverted", { x: 50, width: -20 }, null],
    ["inverted within one pixel", { x: 50.7, width: -0.2 }, null],
    ["without a number", { y: Number.NaN }, null],
    ["infinite", { width: Number.POSITIVE_INFINITY }, null],
    ["infinitely far", { x: Number.NEGATIVE_INFINITY }, null],
  ];
  for (const [why, box, kept] of areas) {
    it(`${kept ? "fits" : "drops"} a box ${why}`, () => {
      const found = normalise([{ ...person, ...box }]).map(({ x, y, width, height }) => [x, y, width, height]);
      assert.deepEqual(found, kept ? [kept] : []);
    });
  }

  const confidences: [confidence: number, minConfidence: number, kept: boolean][] = [
    [0.5, 0.5, true],
    [0.4999, 0.5, false],
    [1, 0.5, true],
    [0, 0, true],
    [1.0001, 0.5, false],
    [95, 0.5, false],
    [-0.1, 0, false],
    [Number.NaN, 0, false],
    [Number.POSITIVE_INFINITY, 0, false],
  ];
  for (const [confidence, minConfidence, kept] of confidences) {
    it(`${kept ? "keeps" : "drops"} confidence ${confidence} where ${minConfidence} is asked`, () => {
      assert.equal(normalise([{ ...person, confidence }], { minConfidence }).length, kept ? 1 : 0);
    });
  }

  it("puts the most confident first, equal ones as they came, and numbers them in that order", () => {
    const boxes = [
      { ...person, label: "a", confidence: 0.6 },
      { ...person, label: "b", confidence: 0.9 },
      { ...person, label: "c", confidence: 0.6 },
    ];
    const found = normalise(boxes);
    assert.deepEqual(
      found.map(({ label, detection_id }) => [label, detection_id]),
      ["b", "a", "c"].map((label, index) => [label, deriveId("detection", "in_1", index)]),
    );
  });

  it("keeps the 1000 most confident of more", () => {
    const boxes = Array.from({ length: 1500 }, (_, i) => ({ ...person, confidence: 0.5 + i / 3000 }));
    const found = normalise(boxes);
    assert.equal(found.length, 1000);
    assert.equal(found.at(-1)?.confidence, 0.5 + 500 / 3000);
  });

  it("goes on in a clip where the frame before has ended, up to 1000 boxes of all frames", () => {
    const boxes = Array.from({ length: 600 }, () => person);
    const frames = [
      { offsetMs: 500, before: 0 },
      { offsetMs: 1500, before: 600 },
      { offsetMs: 2500, before: 1000 },
    ];
    const found = frames.map((of) => toDetections({ frame, boxes, inferenceMs: null }, { ...options, frame: of }));
    assert.deepEqual(
      found.map(({ length }) => length),
      [600, 400, 0],
    );
    const all = found.flat();
    assert.deepEqual(
      all.map(({ detection_id }) => detection_id),
      all.map((_, n) => deriveId("detection", "in_1", n)),
    );
    assert.deepEqual([...new Set(all.map(({ offset_ms }) => offset_ms))], [500, 1500]);
  });

  it("makes a label one line of at most 64 lower-case characters and drops a box without one", () => {
    const labels = [
      "  Big\n\tDOG\u0000 ",
      "X".repeat(100),
      "",
      " \u200b\n",
      "Hund 🐕",
      "\ud800",
      "İ".repeat(64),
      "a/+b#",
    ];
    const found = normalise(labels.map((label) => ({ ...person, label })));
    assert.deepEqual(
      found.map(({ label }) => label),
      ["big dog", "x".repeat(64), "hund 🐕", "i\u0307".repeat(32), "a/+b#"],
    );
  });

  it("gives what a detector names in several ways one label, and keeps each", () => {
    const found = normalise(["Person", "PERSON", "person"].map((label) => ({ ...person, label })));
    assert.deepEqual(
      found.map(({ label }) => label),
      ["person", "person", "person"],
    );
  });

  it("filters by what becomes of a box, not by what came", () => {
    const outside = { ...person, label: "PERSON", x: -1e6, width: 1e6 + 10, confidence: 0.7 };
    assert.equal(normalise([outside], { thresholds: new Map([["person", 0.8]]) }).length, 0);
    assert.equal(normalise([outside], { minArea: 0.01 }).length, 0, "10 x 60 pixels of 640 x 480 are less");
    assert.equal(normalise([outside], { minArea: 0.001, labels: ["person"] }).length, 1);
  });

  it("takes the camera's masks only", () => {
    const points: Mask["points"] = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ];
    assert.equal(normalise([person], { masks: [{ camera: "yard", points }] }).length, 1);
    assert.equal(normalise([person], { masks: [{ camera: "porch", points }] }).length, 0);
    assert.equal(normalise([person], { masks: [{ points }] }).length, 0);
  });

  it("makes valid detections within the frame of anything, the most confident first", () => {
    const side = fc.integer({ min: 1, max: 10_000 });
    const number = fc.oneof(fc.double(), fc.double({ min: -200, max: 12_000, noNaN: true }), fc.integer());
    const boxes = fc.array(
      fc.record({
        label: fc.string({ unit: "binary", maxLength: 100 }),
        confidence: fc.oneof(number, fc.double({ min: 0, max: 1 })),
        x: number,
        y: number,
        width: number,
        height: number,
      }),
    );
    const filters = { ...noFilters, minConfidence: 0 };
    fc.assert(
      fc.property(side, side, boxes, (width, height, found) => {
        const sighting = { frame: { width, height }, boxes: found, inferenceMs: null };
        const detections = toDetections(sighting, { ...options, filters });
        for (const [i, detection] of detections.entries()) {
          assert.deepEqual(Detection.parse(detection), detection);
          const { x, y, width: w, height: h, label, confidence } = detection;
          assert.ok([x, y, w, h].every(Number.isInteger), "whole pixels");
          assert.ok(x + w <= width && y + h <= height, "within the frame");
          assert.equal(label, label.toLowerCase());
          assert.ok(confidence <= (detections[i - 1]?.confidence ?? 1), "sorted");
        }
      }),
    );
  });
});
