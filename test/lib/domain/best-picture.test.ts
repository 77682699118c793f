import { equal } from "node:assert/strict";
import { bestOf } from "../../../lib/domain/best-picture.ts";
import type { Detection } from "../../../lib/domain/detection.ts";

const FRAME = { frame_width: 1000, frame_height: 1000 };

function seen(changes: Partial<Detection> = {}): Detection {
  return {
    detection_id: "de_1",
    upload_id: "up_1",
    captured_at: "2026-11-20T12:00:00.000Z",
    offset_ms: 0,
    label: "person",
    confidence: 0.8,
    x: 100,
    y: 100,
    width: 100,
    height: 200,
    ...FRAME,
    ...changes,
  };
}

/** Of equally good pictures the first is the best, whichever that is. */
function areEquallyGood(...detections: [Detection[], Detection[]]): void {
  const pictures = detections.map((each) => ({ detections: each }));
  equal(bestOf(pictures), pictures[0]);
  equal(bestOf(pictures.toReversed()), pictures[1]);
}

describe("the best picture", () => {
  const better: [string, Partial<Detection>, Partial<Detection>][] = [
    ["in which the detector is surer", { confidence: 0.9 }, { confidence: 0.7 }],
    ["of a person, not of a car", { confidence: 0.6 }, { label: "car", confidence: 0.95 }],
    ["of a car, not of mere motion", { label: "car", confidence: 0.6 }, { label: "motion", confidence: 1 }],
    ["in which a thing is larger", { width: 200, height: 300 }, {}],
    ["that has all of a thing", {}, { x: 0 }],
  ];
  for (const [what, best, other] of better) {
    it(`is the one ${what}`, () => {
      const pictures = [{ detections: [seen(other)] }, { detections: [seen(best)] }];
      equal(bestOf(pictures), pictures[1]);
      equal(bestOf(pictures.toReversed()), pictures[1]);
    });
  }

  it("counts by the best of what it shows, however much that is", () => {
    const many = Array.from({ length: 9 }, () => seen({ confidence: 0.5 }));
    areEquallyGood([...many, seen()], [seen()]);
  });

  it("is the first of several that are equally good", () => {
    areEquallyGood([seen()], [seen()]);
  });

  it("does not gain from what fills the frame", () => {
    const large = { width: 400, height: 400 };
    areEquallyGood([seen(large)], [seen({ ...large, width: 800, height: 800 })]);
  });

  it("may show nothing, and there may be none", () => {
    const empty = { detections: [] };
    equal(bestOf([empty]), empty);
    equal(bestOf([]), undefined);
  });
});
