/** The part of a prompt that is an event's own: what changes least comes first. */
import type { Batch } from "../../domain/batch.ts";
import { type Camera, PURPOSE_LENGTH } from "../../domain/camera.ts";
import type { Detection } from "../../domain/detection.ts";
import { toMillis } from "../../domain/time.ts";
import { isNight, localTime } from "../local-time.ts";
import { asData } from "../sanitise.ts";
import { byConfidence, labelText, positionOf, sizeOf } from "../scene.ts";
import type { Section } from "./sections.ts";

const CAMERA_NAME_LENGTH = 64;

/** What there is to tell of an event, and how much of it. */
export interface EventTextInput {
  readonly batch: Batch;
  readonly camera: Camera;
  /** The least important first. */
  readonly sections: readonly Section[];
  /** Titles of the sections that there was no room for. */
  readonly leftOut: readonly string[];
  /** How many detections to tell, the most confident ones. */
  readonly most: number;
  /** How many pictures the model sees, and how many more are gone; null where none are ever shown. */
  readonly pictures: { readonly shown: number; readonly missing: number } | null;
}

export function eventText({ batch, camera, sections, leftOut, most, pictures }: EventTextInput): string {
  const name = asData(camera.name, CAMERA_NAME_LENGTH) || camera.camera_id;
  const purpose = asData(camera.purpose, PURPOSE_LENGTH);
  return [
    `Camera: ${JSON.stringify(name)}`,
    ...(purpose === "" ? [] : [`What it is for: ${JSON.stringify(purpose)}`]),
    `From: ${timeText(batch.started_at, camera)}`,
    `To: ${timeText(batch.ended_at, camera)}`,
    ...mergedLines(batch),
    `Pictures and clips: ${batch.uploads.length}`,
    ...(pictures === null ? [] : [pictureLine(pictures)]),
    ...detectionLines(batch, most),
    ...sections.toReversed().flatMap(({ title, lines }) => [`${title}:`, ...lines]),
    ...(leftOut.length === 0 ? [] : [`Known, but left out for lack of room: ${leftOut.join(", ")}.`]),
  ].join("\n");
}

function pictureLine({ shown, missing }: NonNullable<EventTextInput["pictures"]>): string {
  return `Pictures you see: ${shown === 0 ? "none" : shown}${missing > 0 ? `; ${missing} cannot be read any more` : ""}`;
}

function timeText(iso: string, camera: Camera): string {
  const { weekday, date, time, hour } = localTime(iso, camera.time_zone);
  return `${weekday} ${date} ${time}${isNight(hour) ? " (night)" : ""}`;
}

/** What is merged has gaps, in which a person who seems to stay may have been away. */
function mergedLines({ merged = [] }: Batch): string[] {
  if (merged.length === 0) return [];
  return [
    `Parts: ${merged.length + 1} stretches of time. Of what lies between them nothing is known: whoever is seen in two of \
them need not have stayed.`,
  ];
}

function detectionLines({ detections, started_at }: Batch, most: number): string[] {
  if (detections.length === 0) return ["Detections: none"];
  const start = toMillis(started_at);
  const time = (detection: Detection) => toMillis(detection.captured_at) + detection.offset_ms;
  const shown = byConfidence(detections)
    .slice(0, most)
    .sort((a, b) => time(a) - time(b));
  const leftOut = detections.length - shown.length;
  return [
    "Detections:",
    ...shown.map((detection) =>
      [
        `- at ${Math.round((time(detection) - start) / 1000)} s`,
        JSON.stringify(labelText(detection.label)),
        detection.confidence.toFixed(2),
        positionOf(detection),
        sizeOf(detection),
      ].join(", "),
    ),
    ...(leftOut > 0 ? [`${leftOut} less confident detections are left out.`] : []),
  ];
}
