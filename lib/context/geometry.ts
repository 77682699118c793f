/** Points, boxes and polygons in shares of the frame. A polygon is simple: its edges do not cross. */
import type { Detection } from "../domain/detection.ts";
import { type Point, turn } from "../domain/zone.ts";

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A point is on an edge when it is no farther from it, in shares of the frame: what rounding makes of a point on it. */
const ON_EDGE = 1e-9;

/** A detection's box in shares of its own frame. */
export function boxOf({ x, y, width, height, frame_width, frame_height }: Detection): Box {
  return {
    left: x / frame_width,
    top: y / frame_height,
    right: (x + width) / frame_width,
    bottom: (y + height) / frame_height,
  };
}

/** Where somebody stands: the middle of the lower edge. */
export function footOf({ left, right, bottom }: Box): Point {
  return [(left + right) / 2, bottom];
}

export function centerOf({ left, right, top, bottom }: Box): Point {
  return [(left + right) / 2, (top + bottom) / 2];
}

/** Whether a point is in a polygon or on its edge. */
export function contains(polygon: readonly Point[], point: Point): boolean {
  if (edgesOf(polygon).some(([from, to]) => distanceToSegment(point, from, to) <= ON_EDGE)) return true;
  const [x, y] = point;
  let inside = false;
  for (const [[x1, y1], [x2, y2]] of edgesOf(polygon)) {
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}

/** Which share of a box lies in a polygon, 0 to 1. */
export function overlapShare(polygon: readonly Point[], box: Box): number {
  const boxArea = (box.right - box.left) * (box.bottom - box.top);
  if (!(boxArea > 0)) return 0;
  // Cut at one side of the box after the other. Where the polygon is not convex, the rest may touch itself along a side,
  // which has no area.
  let rest: readonly Point[] = polygon;
  rest = cut(rest, ([x]) => x - box.left);
  rest = cut(rest, ([x]) => box.right - x);
  rest = cut(rest, ([, y]) => y - box.top);
  rest = cut(rest, ([, y]) => box.bottom - y);
  return Math.min(areaOf(rest) / boxArea, 1);
}

/** The distance from a point to a polygon's edge, in shares of the frame; 0 within it. */
export function distanceTo(polygon: readonly Point[], point: Point): number {
  if (contains(polygon, point)) return 0;
  return Math.min(...edgesOf(polygon).map(([from, to]) => distanceToSegment(point, from, to)));
}

/** Whether the way from one point to another leads into a polygon. */
export function passes(polygon: readonly Point[], from: Point, to: Point): boolean {
  if (contains(polygon, from) || contains(polygon, to)) return true;
  return edgesOf(polygon).some(
    ([a, b]) => turn(a, b, from) * turn(a, b, to) < 0 && turn(from, to, a) * turn(from, to, b) < 0,
  );
}

/** The share of two boxes' union that is in both, 0 to 1. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (sizeOf(a) + sizeOf(b) - both);
}

function sizeOf({ left, right, top, bottom }: Box): number {
  return (right - left) * (bottom - top);
}

function areaOf(polygon: readonly Point[]): number {
  const twice = edgesOf(polygon).reduce((sum, [[x1, y1], [x2, y2]]) => sum + x1 * y2 - x2 * y1, 0);
  return Math.abs(twice) / 2;
}

function edgesOf(polygon: readonly Point[]): (readonly [Point, Point])[] {
  return polygon.map((from, index) => [from, polygon[(index + 1) % polygon.length] ?? from]);
}

/** The part of a polygon on the side of a line where `side` is not below 0 (Sutherland and Hodgman, 1974). */
function cut(polygon: readonly Point[], side: (point: Point) => number): Point[] {
  return edgesOf(polygon).flatMap(([from, to]) => {
    const [before, after] = [side(from), side(to)];
    const kept: Point[] = before >= 0 ? [from] : [];
    if (before < 0 !== after < 0) {
      const share = before / (before - after);
      kept.push([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]);
    }
    return kept;
  });
}

function distanceToSegment([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(Math.max(((x - x1) * dx + (y - y1) * dy) / length, 0), 1);
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
}
