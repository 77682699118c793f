/** The decision whether an event is worth a person's attention, with every reason for it, and the alert that comes of it. */
import { z } from "zod";
import { CameraId } from "./camera.ts";
import { EventRecord, SecurityEvent } from "./event.ts";
import { Adjustment, Calibration } from "./feedback.ts";
import { RecordId } from "./ids.ts";
import { Notification } from "./notification.ts";
import { RiskLevel, RiskScore } from "./risk.ts";
import { IsoTime } from "./time.ts";

/** One condition as it stood: what there was, and what was asked. */
export const Condition = z.object({
  name: z.string(),
  passed: z.boolean(),
  /** What the event, the house or the clock had. */
  value: z.union([z.string(), z.number()]).nullable(),
  /** In words: `60 or more`. */
  asked: z.string(),
  /** Of a cooldown or a snooze: how many seconds are left of it. */
  left_s: z.int().nonnegative().optional(),
});
export type Condition = z.infer<typeof Condition>;

/** What became of one rule. */
export const RuleDecision = z.object({
  name: z.string(),
  /** Whether all of its conditions held. */
  passed: z.boolean(),
  conditions: z.array(Condition),
});
export type RuleDecision = z.infer<typeof RuleDecision>;

/** A notify action of Home Assistant, without `notify.`. */
export const NotifyChannel = z.object({ kind: z.literal("notify"), target: z.string() });
export type NotifyChannel = z.infer<typeof NotifyChannel>;

/** One way in which people are told; of webhooks, the one that the node's form names. */
export const Channel = z.discriminatedUnion("kind", [NotifyChannel, z.object({ kind: z.literal("webhook") })]);
export type Channel = z.infer<typeof Channel>;

export const AlertOutcome = z.enum(["alert", "suppressed"]);

/** Pending until one channel has taken it; what people have said of it stays until it gets graver. */
export const AlertState = z.enum(["pending", "delivered", "acknowledged", "dismissed"]);
export type AlertState = z.infer<typeof AlertState>;

/** The decision on one event. */
export const AlertRecord = z.object({
  /** That of the alert which the event raised or brought up to date: the events of one incident have one alert. */
  alert_id: RecordId,
  event_id: RecordId,
  camera_id: CameraId,
  /** What the event and those of other cameras belong to; null where nobody has said. */
  incident_id: RecordId.nullable(),
  /** The revision of the event that was decided on. */
  revision: z.int().positive(),
  outcome: AlertOutcome,
  /** How often the alert has been brought up to date: 0 where this event raised it, null where it is suppressed. */
  update_count: z.int().nonnegative().nullable(),
  /** That of the alert, as of this decision; null where the event is suppressed. */
  state: AlertState.nullable(),
  /** The rule that decides: the first of which all conditions hold; null where there is none. */
  rule: z.string().nullable(),
  /** What the rule says, or else the level that was judged by; null where there is none. */
  severity: RiskLevel.nullable(),
  /** The score that was decided by: the model's, or what feedback has made of it; null where there is none. */
  effective_score: RiskScore.nullable(),
  /** How feedback moves the score; left aside where that would silence what is critical. Null where there is none. */
  adjustment: Adjustment.nullable(),
  /** The same of the thresholds of rules; null also where these do not follow feedback. */
  calibration: Calibration.nullable(),
  /** What has one cooldown; null where no rule holds. */
  dedup_key: z.string().nullable(),
  /** Who is told. */
  channels: z.array(Channel),
  /** Why, in a sentence. */
  reason: z.string(),
  /** What must hold besides a rule. */
  conditions: z.array(Condition),
  /** All rules, in their order. */
  rules: z.array(RuleDecision),
  /** When the event was first decided on, and when this revision was. */
  created_at: IsoTime,
  decided_at: IsoTime,
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
