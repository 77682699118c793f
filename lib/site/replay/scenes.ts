/** The events that are judged again: of a data folder, or of a file. */
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { Batch } from "../../domain/batch.ts";
import { type EventRecord, SecurityEvent } from "../../domain/event.ts";
import { toMillis } from "../../domain/time.ts";
import type { Upload } from "../../domain/upload.ts";
import { asError, InputError } from "../../resilience/errors.ts";
import type { PromptVersion } from "../../store/prompts.ts";
import { readJudged, type WantedEvents } from "../../store/read-judged.ts";

/** What is judged again. */
export interface Scene {
  readonly batch: Batch;
  /** As it was judged; null where it was not. */
  readonly event: EventRecord | null;
}

export interface Scenes {
  /** The earliest first. */
  readonly scenes: readonly Scene[];
  /** Events of a data folder that cannot be judged again: what they were judged on is not there. */
  readonly leftOut: number;
  /** The newest first; none of a file. */
  readonly prompts: readonly PromptVersion[];
}

const Published = z.object({ type: z.literal("event"), data: z.unknown() }).transform(({ data }) => data);
const IsEvent = z.object({ event_id: z.string() });
const HasDetections = z.object({ detections: z.unknown() });

/** Throws a StoreError as `readJudged` does, and an InputError `EVENTS` for a file that cannot be read. */
export function readScenes(input: string, wanted: WantedEvents): Scenes {
  if (statSync(input, { throwIfNoEntry: false })?.isDirectory()) {
    const { events, ...rest } = readJudged(input, wanted);
    return { ...rest, scenes: events };
  }
  try {
    const scenes = recordsIn(readFileSync(input, "utf8"))
      .map(sceneOf)
      .filter(({ batch }) => wanted.cameraId === null || batch.camera_id === wanted.cameraId)
      .toSorted((a, b) => toMillis(a.batch.started_at) - toMillis(b.batch.started_at));
    return { scenes: scenes.slice(-wanted.last), leftOut: 0, prompts: [] };
  } catch (cause) {
    throw new InputError("EVENTS", `The events of ${input} cannot be read: ${asError(cause).message}`, { cause });
  }
}

/** One JSON text, a list or a single record, or a record in each line. */
function recordsIn(text: string): unknown[] {
  try {
    const all: unknown = JSON.parse(text);
    return Array.isArray(all) ? all : [all];
  } catch {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.map((line): unknown => JSON.parse(line));
  }
}

function sceneOf(given: unknown, index: number): Scene {
  const record = Published.safeParse(given).data ?? given;
  const isEvent = IsEvent.safeParse(record).success;
  if (isEvent && !HasDetections.safeParse(record).success) {
    throw new Error(
      `number ${index + 1} is an event without its detections, as it is on MQTT; take what leaves nemotron-analyze, or the data folder`,
    );
  }
  const parsed = isEvent
    ? SecurityEvent.transform(eventScene).safeParse(record)
    : Batch.transform(batchScene).safeParse(record);
  if (parsed.success) return parsed.data;
  const [{ path, message } = { path: [], message: "" }] = parsed.error.issues;
  throw new Error(`number ${index + 1} is no ${isEvent ? "event" : "batch"}: ${path.join(".")}: ${message}`);
}

function batchScene(batch: Batch): Scene {
  return { batch, event: null };
}

/** An event says nothing of its files but what was seen in them; a prompt only counts them. */
function eventScene(event: SecurityEvent): Scene {
  const seen = new Map(event.detections.map((detection) => [detection.upload_id, detection]));
  const uploads = [...seen.values()].map(
    ({ upload_id, captured_at }): Upload => ({
      upload_id,
      camera_id: event.camera_id,
      path: upload_id,
      media_type: "image",
      size: 0,
      captured_at,
      received_at: captured_at,
      sha256: "0".repeat(64),
    }),
  );
  const { context, merged } = event;
  const batch: Batch = {
    batch_id: event.batch_id,
    camera_id: event.camera_id,
    started_at: event.started_at,
    ended_at: event.ended_at,
    close_reason: "idle",
    fast_path: event.fast_path,
    detections: event.detections,
    uploads,
    still_path: null,
    thumbnail_path: event.thumbnail_path,
    ...(context && { context }),
    ...(merged && { merged }),
  };
  return { batch, event };
}
