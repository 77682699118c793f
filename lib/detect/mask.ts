/** Parts of a camera's picture that do not matter: the street behind the fence, a tree in the wind, the clock. */
import { z } from "zod";
import { CameraId } from "../domain/camera.ts";

/** 0 to 1, from the left and from the top of the upright picture, whatever its size. */
const Point = z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]);
export type Point = Readonly<z.infer<typeof Point>>;

/** A polygon, of one camera or of all of them. Strict: a misspelt `camera` must not make it all cameras'. */
export const Mask = z.strictObject({
  camera: CameraId.optional(),
  points: z.array(Point).min(3).max(100),
});
export type Mask = z.infer<typeof Mask>;

/** A point so near to an edge lies on it; far less than a pixel. */
const EPSILON = 1e-9;

/** Whether a point lies in a polygon or on its edge. Where a polygon crosses itself, what it surrounds twice is outside. */
export function isInside([x, y]: Point, polygon: readonly Point[]): boolean {
  let inside = false;
  let [fromX, fromY] = polygon.at(-1) ?? [0, 0];
  for (const [toX, toY] of polygon) {
    if (isOnEdge(x - fromX, y - fromY, toX - fromX, toY - fromY)) return true;
    // A ray to the right crosses an edge that begins above and ends below it, or the other way round.
    const crosses = fromY > y !== toY > y;
    if (crosses && x < fromX + ((y - fromY) / (toY - fromY)) * (toX - fromX)) inside = !inside;
    [fromX, fromY] = [toX, toY];
  }
  return inside;
}

/** Whether a point lies on an edge, both seen from where the edge begins. */
function isOnEdge(x: number, y: number, edgeX: number, edgeY: number): boolean {
  const length = Math.hypot(edgeX, edgeY);
  if (length <= EPSILON) return Math.hypot(x, y) <= EPSILON;
  const along = (x * edgeX + y * edgeY) / length;
  const beside = Math.abs(x * edgeY - y * edgeX) / length;
  return beside <= EPSILON && along >= -EPSILON && along <= length + EPSILON;
}
