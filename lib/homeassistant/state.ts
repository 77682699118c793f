/** What to publish when something was seen or judged: pictures first, then sensors, then what automations react to. */
import type { Detected } from "../domain/detection.ts";
import { EventRecord } from "../domain/event.ts";
import { groupOf } from "../domain/labels.ts";
import type { MqttPacket } from "../domain/mqtt-packet.ts";
import type { Topics } from "../domain/topics.ts";
import { CAMERA_ENTITIES, type CameraKey, HUB_ENTITIES, type HubKey, NOT_ANALYZED } from "./entities.ts";
import { codePoints, jsonBytes, shorten } from "./text.ts";

/** Home Assistant refuses a longer state. */
const STATE_CODE_POINTS = 255;

/** Home Assistant's recorder drops attributes above 16,384 bytes; it adds a few of its own to ours. */
const ATTRIBUTES_BYTES = 15_000;

/** What the longer fields may take of that; the reasoning gets what is left. */
const SUMMARY_BYTES = 3_000;
const ACTION_BYTES = 2_000;
const LIST_BYTES = 2_500;

/** The number of labels that an automation gets, the most confident first. */
const MOST_LABELS = 20;

/** What a numeric sensor understands as unknown. */
const UNKNOWN = "None";

/**
 * Everything an event means to MQTT, in the order to publish it: a notification fetches the picture as soon as it hears
 * of the event. An estimate (`final: false`) moves the sensors but does not fire the event entity.
 */
export function eventPackets(event: EventRecord, topics: Topics, picture: Buffer | null): MqttPacket[] {
  // A SecurityEvent fits the type too; its detections and context stay here.
  const record = EventRecord.parse(event);
  const packets = retainedPackets(record, topics, picture);
  if (record.final) packets.push(state(topics, record.camera_id, "security", homeAssistantEvent(record)));
  packets.push({ topic: topics.securityEvents, payload: json({ type: "event", data: record }), retain: false });
  return packets;
}

/** What the broker should keep of a camera's latest event: to be published again on connecting. */
export function retainedPackets(event: EventRecord, topics: Topics, picture: Buffer | null): MqttPacket[] {
  const { camera_id, risk_score, summary } = event;
  return [
    ...(picture ? [state(topics, camera_id, "last_picture", picture)] : []),
    state(topics, camera_id, "risk_score", risk_score === null ? UNKNOWN : String(risk_score)),
    state(topics, camera_id, "summary", shorten(summary.toWellFormed(), STATE_CODE_POINTS, codePoints)),
  ];
}

/** What detections mean to Home Assistant; nothing where nothing was seen. */
export function detectionPackets(
  { upload, detections }: Detected,
  topics: Topics,
  picture: Buffer | null,
): MqttPacket[] {
  if (detections.length === 0) return [];
  const { camera_id } = upload;
  return [
    ...(picture ? [state(topics, camera_id, "last_picture", picture)] : []),
    state(topics, camera_id, "motion", "ON"),
    ...(detections.some(({ label }) => groupOf(label) === "person") ? [state(topics, camera_id, "person", "ON")] : []),
  ];
}

/** What the hub counts. */
export interface HubCounts {
  /** Uploads and jobs whose turn has not come yet. */
  readonly waiting: number;
  readonly dead_letters: number;
  /** Messages that no node took, though the wiring leads to one. */
  readonly left_open: number;
}

export function hubPackets(counts: HubCounts, topics: Topics): MqttPacket[] {
  return [
    hubState(topics, "waiting", counts.waiting),
    hubState(topics, "dead_letters", counts.dead_letters),
    hubState(topics, "left_open", counts.left_open),
  ];
}

function hubState(topics: Topics, key: HubKey, count: number): MqttPacket {
  return { topic: topics.hub(key), payload: String(count), retain: HUB_ENTITIES[key].retained };
}

function state(topics: Topics, cameraId: string, key: CameraKey, payload: string | Buffer): MqttPacket {
  return { topic: topics.camera(cameraId, key), payload, retain: CAMERA_ENTITIES[key].retained };
}

/** The event entity's payload: its type, and the record as attributes, cut to what Home Assistant keeps. */
function homeAssistantEvent(record: EventRecord): string {
  const attributes = {
    event_type: record.risk_level ?? NOT_ANALYZED,
    ...record,
    labels: firstThatFit(record.labels.slice(0, MOST_LABELS)),
    summary: shorten(record.summary, SUMMARY_BYTES, jsonBytes),
    recommended_action: record.recommended_action && shorten(record.recommended_action, ACTION_BYTES, jsonBytes),
    flags: firstThatFit(record.flags),
    entities: firstThatFit(record.entities),
    reasoning: "",
  };
  const left = ATTRIBUTES_BYTES - Buffer.byteLength(json(attributes));
  return json({ ...attributes, reasoning: shorten(record.reasoning, left, jsonBytes) });
}

/** As much of the list, from its beginning, as a list may take. */
function firstThatFit<T>(list: readonly T[]): T[] {
  const tooMany = list.findIndex((_, index) => Buffer.byteLength(json(list.slice(0, index + 1))) > LIST_BYTES);
  return tooMany === -1 ? [...list] : list.slice(0, tooMany);
}

/** Home Assistant's JSON parser refuses half a surrogate pair. */
function json(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "string" ? part.toWellFormed() : part));
}
