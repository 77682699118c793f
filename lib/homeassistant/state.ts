/** What to publish when something was seen or judged: pictures first, then sensors, then what automations react to. */
import { AlertRecord, type PublishedAlert } from "../domain/alert.ts";
import type { Detected } from "../domain/detection.ts";
import { EventRecord } from "../domain/event.ts";
import { groupOf, LabelGroup } from "../domain/labels.ts";
import type { MqttPacket } from "../domain/mqtt-packet.ts";
import type { SystemStatus } from "../domain/system-status.ts";
import { attributesTopic, type Topics } from "../domain/topics.ts";
import { CAMERA_ENTITIES, type CameraKey, NOT_ANALYZED } from "./entities/camera.ts";
import { GPU_ENTITIES, type GpuKey } from "./entities/gpu.ts";
import { HUB_ENTITIES, type HubKey } from "./entities/hub.ts";
import type { Entity } from "./entity.ts";
import { codePoints, jsonBytes, shorten } from "./text.ts";

/** Home Assistant refuses a longer state. */
const STATE_CODE_POINTS = 255;

/** Home Assistant's recorder drops attributes above 16,384 bytes; it adds a few of its own to ours. */
const ATTRIBUTES_BYTES = 15_000;

/** What the longer fields may take of that; the reasoning gets what is left. */
const SUMMARY_BYTES = 3_000;
const ACTION_BYTES = 2_000;
const LIST_BYTES = 2_500;
const REASON_BYTES = 1_000;

/** The number of labels that an automation gets, the most confident first. */
const MOST_LABELS = 20;

/** What sensors understand as unknown. */
const UNKNOWN = "None";

/** What was published before an event. */
export interface Standing {
  /** No newer event of its camera: this one moves the camera's state. */
  readonly isLatest: boolean;
  /** A verdict on it has fired the event entity, which fires once for an event however often that is judged. */
  readonly hasFired: boolean;
}

/**
 * Everything an event means to MQTT, in the order to publish it: a notification fetches the picture as soon as it hears
 * of the event. An estimate (`final: false`) moves the sensors but does not fire the event entity.
 */
export function eventPackets(
  event: EventRecord,
  topics: Topics,
  picture: Buffer | null,
  { isLatest, hasFired }: Standing,
): MqttPacket[] {
  // A SecurityEvent fits the type too; its detections and context stay here.
  const record = EventRecord.parse(event);
  const packets = isLatest ? retainedPackets(record, topics, picture) : [];
  if (record.final && !hasFired) packets.push(packet(topics, record.camera_id, "security", homeAssistantEvent(record)));
  packets.push({ topic: topics.securityEvents, payload: json({ type: "event", data: record }), retain: false });
  return packets;
}

/** What the broker should keep of a camera's latest event: to be published again on connecting. */
export function retainedPackets(event: EventRecord, topics: Topics, picture: Buffer | null): MqttPacket[] {
  const { camera_id, risk_score, risk_level, summary, started_at } = event;
  return [
    ...(picture ? [packet(topics, camera_id, "last_picture", picture)] : []),
    ...cameraPackets(camera_id, topics, {
      risk_score,
      risk_level: risk_level ?? NOT_ANALYZED,
      summary: shorten(summary.toWellFormed(), STATE_CODE_POINTS, codePoints),
      last_event: started_at,
    }),
  ];
}

/** What an alert means to Home Assistant: its picture, then the event entity that automations wait for. */
export function alertPackets(alert: PublishedAlert, topics: Topics, picture: Buffer | null): MqttPacket[] {
  const { alert_id, camera_id, severity, event } = alert;
  const { rule, incident_id, update_count, effective_score, reason, conditions, rules } = reasonsOf(alert);
  const attributes = {
    event_type: severity ?? NOT_ANALYZED,
    alert_id,
    severity,
    rule,
    incident_id,
    update_count,
    effective_score,
    reason,
    conditions,
    rules,
  };
  return [
    ...(picture ? [packet(topics, camera_id, "last_alert", picture)] : []),
    packet(topics, camera_id, "alert", homeAssistantEvent(event, attributes)),
  ];
}

/** The last decision on a camera's events: the reason, and all that led to it as attributes. */
export function decisionPackets(decision: AlertRecord, topics: Topics): MqttPacket[] {
  const { camera_id, reason } = decision;
  const topic = topics.camera(camera_id, "last_decision");
  const state = shorten(reason.toWellFormed(), STATE_CODE_POINTS, codePoints);
  return [
    { topic: attributesTopic(topic), payload: json(reasonsOf(decision)), retain: true },
    ...cameraPackets(camera_id, topics, { last_decision: state }),
  ];
}

/** A decision, cut to what Home Assistant keeps. */
function reasonsOf(decision: AlertRecord): AlertRecord {
  return {
    ...AlertRecord.parse(decision),
    reason: shorten(decision.reason, REASON_BYTES, jsonBytes),
    channels: firstThatFit(decision.channels),
    conditions: firstThatFit(decision.conditions),
    rules: firstThatFit(decision.rules),
  };
}

/** What detections mean to Home Assistant; nothing where nothing was seen. */
export function detectionPackets(
  { upload, detections }: Detected,
  topics: Topics,
  picture: Buffer | null,
): MqttPacket[] {
  if (detections.length === 0) return [];
  const { camera_id } = upload;
  const groups = new Set(detections.map(({ label }) => groupOf(label)));
  return [
    ...(picture ? [packet(topics, camera_id, "last_picture", picture)] : []),
    packet(topics, camera_id, "motion", "ON"),
    ...LabelGroup.options.filter((group) => groups.has(group)).map((group) => packet(topics, camera_id, group, "ON")),
  ];
}

/** That nothing is being seen: what Home Assistant goes by from its start until something is. */
export function nothingSeenPackets(cameraId: string, topics: Topics): MqttPacket[] {
  return cameraPackets(cameraId, topics, { motion: false, person: false, vehicle: false, animal: false });
}

/** How the site is; kept by the broker, for who comes later. */
export function statusPacket(status: SystemStatus, topics: Topics): MqttPacket {
  return { topic: topics.systemStatus, payload: json({ type: "system_status", data: status }), retain: true };
}

/** A state: null is unknown. */
export type State = string | number | boolean | null;

/** The states of a camera's entities, of those that are given. */
export function cameraPackets(
  cameraId: string,
  topics: Topics,
  states: Partial<Record<CameraKey, State>>,
): MqttPacket[] {
  return statePackets(CAMERA_ENTITIES, (key) => topics.camera(cameraId, key), states);
}

/** The hub's entities that have attributes, which are published before their states. */
type HubAttributes = Partial<Record<"problem" | "alarming_share", object>>;

/** The states of the hub's entities, of those that are given, and the attributes of some. */
export function hubPackets(
  topics: Topics,
  states: Partial<Record<HubKey, State>>,
  attributes: HubAttributes = {},
): MqttPacket[] {
  return [
    ...Object.entries(attributes).map(([key, values]) => attributesPacket(topics.hub(key), values)),
    ...statePackets(HUB_ENTITIES, topics.hub, states),
  ];
}

/** The states of a graphics card's entities, and what is to be known of its problem. */
export function gpuPackets(
  gpuId: string,
  topics: Topics,
  states: Readonly<Record<GpuKey, State>>,
  attributes: { readonly causes: readonly string[]; readonly simulated: boolean },
): MqttPacket[] {
  const topicOf = (key: string) => topics.gpu(gpuId, key);
  return [attributesPacket(topicOf("problem"), attributes), ...statePackets(GPU_ENTITIES, topicOf, states)];
}

function attributesPacket(stateTopic: string, attributes: object): MqttPacket {
  return { topic: attributesTopic(stateTopic), payload: json(attributes), retain: true };
}

function statePackets<K extends string>(
  entities: Readonly<Record<K, Entity>>,
  topicOf: (key: K) => string,
  states: Partial<Record<K, State>>,
): MqttPacket[] {
  return keysOf(states).map((key) => statePacket(topicOf(key), entities[key], stateText(states[key] ?? null)));
}

function keysOf<K extends string>(states: Partial<Record<K, State>>): K[] {
  return Object.keys(states) as K[];
}

function stateText(state: State): string {
  if (typeof state === "boolean") return state ? "ON" : "OFF";
  return state === null ? UNKNOWN : String(state);
}

function packet(topics: Topics, cameraId: string, key: CameraKey, payload: string | Buffer): MqttPacket {
  return statePacket(topics.camera(cameraId, key), CAMERA_ENTITIES[key], payload);
}

function statePacket(topic: string, { retained }: Entity, payload: MqttPacket["payload"]): MqttPacket {
  return { topic, payload, retain: retained === true || retained === payload };
}

/** An event entity's payload: its type, and the record as attributes, cut to what Home Assistant keeps. */
function homeAssistantEvent(record: EventRecord, more: object = {}): string {
  const attributes = {
    event_type: record.risk_level ?? NOT_ANALYZED,
    ...record,
    ...more,
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
