/** A part of a camera's view that means something: the door, the drive, the pavement. */
import { z } from "zod";
import { CameraId } from "./camera.ts";

/** From 0 (left, top) to 1 (right, bottom) of the frame, so that a zone fits every size of it. */
export const Point = z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]);
export type Point = z.infer<typeof Point>;

const ZONE_TYPES = ["entry_point", "driveway", "sidewalk", "yard", "other"] as const;
const ZoneType = z.enum(ZONE_TYPES);

/** What of a box must lie in a zone: where it stands, its middle, or a share of its area. */
const ZONE_ANCHORS = ["foot", "center", "overlap"] as const;

const MOST_POINTS = 50;

export const Zone = z.object({
  zone_id: z.string().regex(/^[a-z0-9_]{1,64}$/, "must be 1 to 64 of a-z, 0-9 and _"),
  camera_id: CameraId,
  name: z.string().trim().min(1, "must not be empty").max(64),
  type: ZoneType.default("other"),
  /** The corners, in order; a rectangle has four. */
  points: z
    .array(Point)
    .min(3, "must have 3 corners at least")
    .max(MOST_POINTS)
    .refine(isSimple, "must have edges that do not cross"),
  /** The higher, the more it matters. */
  priority: z.int().min(0).max(100).default(0),
  color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/)
    .default("#3B82F6"),
  enabled: z.boolean().default(true),
  anchor: z.enum(ZONE_ANCHORS).default("foot"),
  /** With the anchor `overlap`: the least share of the box, above 0. */
  min_overlap: z.number().gt(0).max(1).default(0.3),
  /** Seconds of stay from which somebody loiters; null: nobody does. */
  loiter_after_s: z.number().positive().max(86_400).nullable().default(null),
});
export type Zone = z.infer<typeof Zone>;

/** Whether no two edges of a polygon cross; neighbours share a corner, and no more. */
function isSimple(points: readonly Point[]): boolean {
  const edges = points.map((from, index) => [from, points[(index + 1) % points.length] ?? from] as const);
  return edges.every(([a, b], first) =>
    edges.every(([c, d], second) => {
      const apart = Math.abs(first - second);
      const isNeighbour = apart <= 1 || apart === edges.length - 1;
      return isNeighbour || !cross(a, b, c, d);
    }),
  );
}

/** Whether two segments have a point in common that is no end of either. */
function cross(a: Point, b: Point, c: Point, d: Point): boolean {
  return turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
}

/** On which side of the line from `a` to `b` a point is: above 0, below 0, or 0 on it. */
export function turn([ax, ay]: Point, [bx, by]: Point, [px, py]: Point): number {
  return (bx - ax) * (py - ay) - (by - ay) * (px - ax);
}
