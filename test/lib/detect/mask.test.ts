import assert from "node:assert/strict";
import fc from "fast-check";
import { isInside, Mask, type Point } from "../../../lib/detect/mask.ts";

/** A U, open at the top. */
const U: Point[] = [
  [0.1, 0.1],
  [0.3, 0.1],
  [0.3, 0.7],
  [0.7, 0.7],
  [0.7, 0.1],
  [0.9, 0.1],
  [0.9, 0.9],
  [0.1, 0.9],
];

const share = fc.double({ min: 0, max: 1, noNaN: true });
const point: fc.Arbitrary<Point> = fc.tuple(share, share);
const polygon = fc.array(point, { minLength: 3, maxLength: 12 });
const mix = (from: number, to: number, part: number) => from + (to - from) * part;
/** The same polygon told from another corner, and the other way round. */
const retold = (points: readonly Point[], from: number) =>
  [...points.slice(from % points.length), ...points.slice(0, from % points.length)].reverse();

describe("isInside", () => {
  const cases: [where: string, point: Point, inside: boolean][] = [
    ["in the left arm", [0.2, 0.3], true],
    ["between the arms", [0.5, 0.3], false],
    ["at the bottom", [0.5, 0.8], true],
    ["beside it, level with two corners", [0.05, 0.7], false],
    ["beside it, level with the tops", [0.5, 0.1], false],
    ["on a corner", [0.3, 0.7], true],
    ["on the outer edge", [0.9, 0.5], true],
    ["on the inner edge", [0.5, 0.7], true],
    ["beyond it", [0.95, 0.5], false],
    ["on an edge's extension", [0.5, 0.9001], false],
  ];
  for (const [where, at, inside] of cases) {
    it(`is ${inside} ${where}`, () => {
      for (let from = 0; from < U.length; from++) assert.equal(isInside(at, retold(U, from)), inside);
    });
  }

  it("counts the whole picture's own edge", () => {
    const all: Point[] = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ];
    fc.assert(fc.property(point, (at) => isInside(at, all)));
  });

  it("is true on each edge and corner of any polygon", () => {
    fc.assert(
      fc.property(polygon, fc.nat(), share, (points, which, part) => {
        const [fromX, fromY] = points[which % points.length] ?? [0, 0];
        const [toX, toY] = points[(which + 1) % points.length] ?? [0, 0];
        return isInside([mix(fromX, toX, part), mix(fromY, toY, part)], points);
      }),
    );
  });

  it("is true between the corners of a triangle, and false outside its bounds", () => {
    fc.assert(
      fc.property(point, point, point, share, share, (a, b, c, one, other) => {
        const onEdge: Point = [mix(a[0], b[0], one), mix(a[1], b[1], one)];
        const within: Point = [mix(onEdge[0], c[0], other), mix(onEdge[1], c[1], other)];
        const beyond: Point = [Math.max(a[0], b[0], c[0]) + 0.001, within[1]];
        return isInside(within, [a, b, c]) && !isInside(beyond, [a, b, c]);
      }),
    );
  });

  it("does not depend on where a polygon begins, nor on its direction", () => {
    fc.assert(
      fc.property(polygon, fc.nat(), point, (points, from, at) => {
        return isInside(at, points) === isInside(at, retold(points, from));
      }),
    );
  });
});

describe("Mask", () => {
  const points = [
    [0, 0],
    [1, 0],
    [1, 0.2],
  ];
  const cases: [what: string, mask: unknown, accepted: boolean][] = [
    ["a triangle of all cameras", { points }, true],
    ["one of a camera", { camera: "porch", points }, true],
    ["a camera's name that is no id", { camera: "Front Door", points }, false],
    ["a misspelt camera", { cam: "porch", points }, false],
    ["two points", { points: points.slice(1) }, false],
    ["too many points", { points: Array.from({ length: 101 }, () => [0, 0]) }, false],
    ["pixels", { points: [...points, [640, 480]] }, false],
    ["a point of three numbers", { points: [...points, [0, 0, 0]] }, false],
    ["a point as text", { points: [...points, ["0", "0"]] }, false],
  ];
  for (const [what, mask, accepted] of cases) {
    it(`${accepted ? "takes" : "refuses"} ${what}`, () => assert.equal(Mask.safeParse(mask).success, accepted));
  }
});
