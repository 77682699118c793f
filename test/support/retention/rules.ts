/** Limits of a trial as retention takes them. */
import type { Rules } from "../../../lib/ops/retention/policy.ts";
import type { Days, Limits } from "./expected.ts";

const DAY = 24 * 60 * 60_000;

export function rulesOf({ all, yard }: Limits): Rules {
  return {
    limits: { ...inMs(all), gpu: null },
    cameras: new Map([["yard", inMs(yard)]]),
    keepIf: { reviewed: true, starred: true, level: "critical" },
    cap: null,
  };
}

function inMs({ events, detections, pictures, originals }: Days) {
  const ms = (days: number | null) => days && days * DAY;
  return { events: ms(events), detections: ms(detections), pictures: ms(pictures), originals: ms(originals) };
}
