import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Box,
  boxOf,
  contains,
  distanceTo,
  footOf,
  intersectionOverUnion,
  overlapShare,
  passes,
} from "../../../lib/context/geometry.ts";
import type { Point } from "../../../lib/domain/zone.ts";
import { detectionOf } from "./scenes.ts";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const point: fc.Arbitrary<Point> = fc.tuple(share, share);
/** Simple polygons of any shape: corners at rising angles around the middle. */
const polygon: fc.Arbitrary<Point[]> = fc
  .array(fc.double({ min: 0.05, max: 0.5, noNaN: true }), { minLength: 3, maxLength: 12 })
  .map((radii) =>
    radii.map((radius, index): Point => {
      const angle = (2 * Math.PI * index) / radii.length;
      return [0.5 + radius * Math.cos(angle), 0.5 + radius * Math.sin(angle)];
    }),
  );
const box: fc.Arbitrary<Box> = fc
  .tuple(share, share, share, share)
  .map(([a, b, c, d]) => ({
    left: Math.min(a, b),
    right: Math.max(a, b),
    top: Math.min(c, d),
    bottom: Math.max(c, d),
  }))
  .filter(({ left, right, top, bottom }) => right - left > 1e-3 && bottom - top > 1e-3);

const SQUARE: Point[] = [
  [0.2, 0.2],
  [0.6, 0.2],
  [0.6, 0.6],
  [0.2, 0.6],
];
/** A square with its upper right quarter cut out. */
const CORNER: Point[] = [
  [0.2, 0.2],
  [0.4, 0.2],
  [0.4, 0.4],
  [0.6, 0.4],
  [0.6, 0.6],
  [0.2, 0.6],
];

/** How often a polygon winds around a point, by the angles at which its corners are seen. */
function windings(corners: readonly Point[], [x, y]: Point): number {
  const angles = corners.map(([cx, cy]) => Math.atan2(cy - y, cx - x));
  const turns = angles.map((angle, index) => {
    const turn = (angles[(index + 1) % angles.length] ?? angle) - angle;
    return turn > Math.PI ? turn - 2 * Math.PI : turn < -Math.PI ? turn + 2 * Math.PI : turn;
  });
  return Math.round(turns.reduce((sum, turn) => sum + turn, 0) / (2 * Math.PI));
}

describe("a point in a polygon", () => {
  it("is where the polygon winds around it, for any polygon and point off the edges", () => {
    fc.assert(
      fc.property(polygon, point, (corners, at) => {
        fc.pre(corners.every((_, index) => distanceToEdge(corners, index, at) > 1e-6));
        assert.equal(contains(corners, at), windings(corners, at) !== 0);
      }),
    );
  });

  it("is also on any edge and any corner, whichever way around the corners go", () => {
    fc.assert(
      fc.property(polygon, fc.nat(11), share, (corners, edge, along) => {
        const [ax, ay] = corners[edge % corners.length] ?? [0, 0];
        const [bx, by] = corners[(edge + 1) % corners.length] ?? [0, 0];
        const at: Point = [ax + along * (bx - ax), ay + along * (by - ay)];
        assert.ok(contains(corners, at));
        assert.ok(contains(corners.toReversed(), at));
        assert.equal(distanceTo(corners, at), 0);
      }),
    );
  });

  it("is not in the part that is cut out", () => {
    assert.ok(!contains(CORNER, [0.5, 0.3]));
    assert.ok(contains(CORNER, [0.3, 0.3]));
    assert.ok(contains(CORNER, [0.4, 0.3]));
  });
});

describe("the share of a box in a polygon", () => {
  it("is the share of its points that are in it, for any polygon and box", () => {
    const side = 60;
    fc.assert(
      fc.property(polygon, box, (corners, given) => {
        let inside = 0;
        for (let row = 0; row < side; row++) {
          for (let column = 0; column < side; column++) {
            const x = given.left + ((column + 0.5) / side) * (given.right - given.left);
            const y = given.top + ((row + 0.5) / side) * (given.bottom - given.top);
            if (contains(corners, [x, y])) inside += 1;
          }
        }
        assert.ok(Math.abs(overlapShare(corners, given) - inside / side ** 2) < 0.05);
      }),
      { numRuns: 40 },
    );
  });

  const shares: [string, Box, number][] = [
    ["of a box within", { left: 0.3, right: 0.4, top: 0.3, bottom: 0.4 }, 1],
    ["of one that reaches out by half", { left: 0.5, right: 0.7, top: 0.3, bottom: 0.4 }, 0.5],
    ["of one that touches the edge", { left: 0.6, right: 0.7, top: 0.3, bottom: 0.4 }, 0],
    ["of one around all of it", { left: 0, right: 1, top: 0, bottom: 1 }, 0.16],
    ["of one without area", { left: 0.3, right: 0.3, top: 0.3, bottom: 0.4 }, 0],
  ];
  for (const [what, given, expected] of shares) {
    it(`${what} is ${expected}`, () => assert.ok(Math.abs(overlapShare(SQUARE, given) - expected) < 1e-9));
  }
});

describe("the overlap of two boxes", () => {
  it("is between 0 and 1, the same either way, and 1 for a box and itself", () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        const overlap = intersectionOverUnion(a, b);
        assert.ok(overlap >= 0 && overlap <= 1 + 1e-12);
        assert.equal(overlap, intersectionOverUnion(b, a));
        assert.ok(Math.abs(intersectionOverUnion(a, a) - 1) < 1e-9);
      }),
    );
  });
});

describe("a way through a polygon", () => {
  const ways: [string, Point, Point, boolean][] = [
    ["right across", [0.1, 0.4], [0.7, 0.4], true],
    ["into it", [0.1, 0.4], [0.3, 0.4], true],
    ["past it", [0.1, 0.1], [0.7, 0.1], false],
    ["along an edge from outside", [0.1, 0.2], [0.3, 0.2], true],
  ];
  for (const [what, from, to, expected] of ways) {
    it(`leads ${what}`, () => {
      assert.equal(passes(SQUARE, from, to), expected);
      assert.equal(passes(SQUARE, to, from), expected);
    });
  }
});

describe("a detection's place", () => {
  it("is the same whatever the size of its frame", () => {
    fc.assert(
      fc.property(
        box,
        fc.integer({ min: 16, max: 8192 }),
        fc.integer({ min: 16, max: 8192 }),
        (given, width, height) => {
          const detection = detectionOf({
            x: given.left * width,
            y: given.top * height,
            width: (given.right - given.left) * width,
            height: (given.bottom - given.top) * height,
            frame_width: width,
            frame_height: height,
          });
          const found = boxOf(detection);
          for (const side of ["left", "right", "top", "bottom"] as const) {
            assert.ok(Math.abs(found[side] - given[side]) < 1e-9);
          }
          assert.ok(Math.abs(footOf(found)[1] - given.bottom) < 1e-9);
        },
      ),
    );
  });
});

function distanceToEdge(corners: readonly Point[], index: number, at: Point): number {
  const [from = at, to = at] = [corners[index], corners[(index + 1) % corners.length]];
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step <= 1000; step++) {
    const along = step / 1000;
    least = Math.min(
      least,
      Math.hypot(from[0] + along * (to[0] - from[0]) - at[0], from[1] + along * (to[1] - from[1]) - at[1]),
    );
  }
  // Between two steps the edge may come closer by half a step.
  return least - Math.hypot(to[0] - from[0], to[1] - from[1]) / 2000;
}
