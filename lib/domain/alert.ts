/** The decision whether an event is worth a person's attention, with every reason for it. */
import { z } from "zod";
import { CameraId } from "./camera.ts";
import { EventRecord, SecurityEvent } from "./event.ts";
import { RecordId } from "./ids.ts";
import { Notification } from "./notification.ts";
import { RiskLevel } from "./risk.ts";
import { IsoTime } from "./time.ts";

/** One condition of the rule, as it stood. */
export const Condition = z.object({
  name: z.enum(["score", "labels", "zones", "unanalyzed", "late", "mode", "switch", "threshold", "snooze"]),
  passed: z.boolean(),
  /** What the event had against what the rule asks, for people. */
  detail: z.string(),
});
export type Condition = z.infer<typeof Condition>;

export const AlertOutcome = z.enum(["alert", "suppressed"]);

export const AlertRecord = z.object({
  alert_id: RecordId,
  event_id: RecordId,
  camera_id: CameraId,
  /** The revision of the event that was decided on. */
  revision: z.int().positive(),
  outcome: AlertOutcome,
  /** The event's risk level; null where it has none. */
  severity: RiskLevel.nullable(),
  conditions: z.array(Condition),
  created_at: IsoTime,
});
export type AlertRecord = z.infer<typeof AlertRecord>;

/** The payload that leaves `risk-alert`, on either output. */
export const Alert = AlertRecord.extend({
  event: SecurityEvent,
  /** What phones are shown of it; absent where the event is suppressed. */
  notification: Notification.optional(),
});
export type Alert = z.infer<typeof Alert>;

/** An alert as it is published: without what its event was judged on. */
export const PublishedAlert = AlertRecord.extend({ event: EventRecord });
export type PublishedAlert = z.infer<typeof PublishedAlert>;
