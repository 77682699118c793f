import { deepEqual, equal } from "node:assert/strict";
import { bestFrame, bestOf, keyPictures } from "../../../lib/domain/best-picture.ts";
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

describe("the key pictures", () => {
  const picture = (...detections: Partial<Detection>[]) => ({ detections: detections.map(seen) });
  const small = picture({ confidence: 0.4 });
  const person = picture({ confidence: 0.9 }, { label: "car", confidence: 0.5 });
  const car = picture({ label: "car", confidence: 0.9 });
  const dog = picture({ label: "dog", confidence: 0.8 });
  const all = [small, dog, car, person, picture()];

  const cases: [string, (typeof small)[], number, (typeof small)[]][] = [
    ["show each label best, the most wanted first", all, 4, [person, car, dog]],
    ["are no more than asked for", all, 2, [person, car]],
    ["are none where none is asked for", all, 0, []],
    ["show none twice", [picture({ confidence: 0.1 }), person], 4, [person]],
    ["leave out what shows nothing", [picture()], 4, []],
  ];
  for (const [what, pictures, most, expected] of cases) {
    it(what, () => deepEqual(keyPictures(pictures, most), expected));
  }

  it("are the first of equally good ones", () => {
    const [first, second] = [picture({}), picture({})];
    equal(keyPictures([first, second], 4)[0], first);
  });

  it("bear as many detections as a hostile batch may have", () => {
    const many = Array.from({ length: 200_000 }, (_, n) => ({ label: `thing ${n}` }));
    equal(keyPictures([{ detections: many.map(seen) }], 4).length, 1);
  });
});

describe("the best frame", () => {
  it("is one moment of a clip, with all that was seen in it", () => {
    const [early, late, beside] = [seen(), seen({ offset_ms: 500, confidence: 0.9 }), seen({ offset_ms: 500, x: 500 })];
    deepEqual(bestFrame([early, late, beside]), [late, beside]);
    deepEqual(bestFrame([]), []);
  });
});
