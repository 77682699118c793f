/**
 * An alert as a notification of the companion app: how loud it is, what it says, its picture and its buttons. One alert
 * has one notification, which each later one replaces.
 */
import type { EventRecord } from "../domain/event.ts";
import { deriveId } from "../domain/ids.ts";
import type { Notification } from "../domain/notification.ts";
import { type RiskLevel, UNJUDGED } from "../domain/risk.ts";
import { actionId, type PressKind, SNOOZE_MINUTES } from "./presses.ts";
import { jsonBytes, shorten } from "./text.ts";

export interface NotificationOptions {
  /** `[a-z0-9-]+` */
  readonly site: string;
  /** What it is about: a notification takes the place of an earlier one of the same alert. */
  readonly alertId: string;
  /** What the alert is worth, whatever level its event has. */
  readonly severity: RiskLevel | null;
  /** False for what only brings a notification up to date. */
  readonly loud: boolean;
  /** Whether a critical alert may ring on a phone that is muted. */
  readonly critical: boolean;
  /** Path in Home Assistant that a tap opens, such as `/lovelace`. */
  readonly dashboard: string;
  /** The image entity that shows the event; null where there is none. */
  readonly image: string | null;
}

/** The apps' push services take 4,096 bytes, and Home Assistant adds some of its own. */
const TITLE_BYTES = 150;
const MESSAGE_BYTES = 900;

/**
 * How a phone behaves. `interruption-level` and `sound` are iOS's; the rest is Android's, where importance belongs to
 * the channel as it was when the app first saw it: so each level has its own.
 */
interface Loudness {
  readonly channel: string;
  readonly importance: "low" | "default" | "high" | "max";
  readonly push: { readonly "interruption-level": string; readonly sound?: unknown };
  /** Through Android's battery saving, at once or not at all. */
  readonly priority?: "high";
  readonly ttl?: 0;
}

const AT_ONCE = { priority: "high", ttl: 0 } as const;

const LOUDNESS: Readonly<Record<RiskLevel, Loudness>> = {
  low: { channel: "Vigil low", importance: "low", push: { "interruption-level": "passive" } },
  medium: { channel: "Vigil medium", importance: "default", push: { "interruption-level": "active" } },
  high: {
    ...AT_ONCE,
    channel: "Vigil high",
    importance: "high",
    push: { "interruption-level": "time-sensitive" },
  },
  critical: {
    ...AT_ONCE,
    channel: "Vigil critical",
    importance: "max",
    push: { "interruption-level": "time-sensitive" },
  },
};

/** Also on a muted phone. The app has the channel from the start, and plays it as an alarm. */
const RINGING: Loudness = {
  ...AT_ONCE,
  channel: "alarm_stream",
  importance: "max",
  push: { "interruption-level": "critical", sound: { name: "default", critical: 1, volume: 1 } },
};

const SILENT: Loudness = {
  channel: "Vigil updates",
  importance: "low",
  push: { "interruption-level": "passive", sound: "none" },
};

/** What a phone is to show of an event that alerted. */
export function alertNotification(event: EventRecord, options: NotificationOptions): Notification {
  const said = event.recommended_action ? `${event.summary} ${event.recommended_action}` : event.summary;
  const { severity, loud, critical, dashboard } = options;
  const loudness = critical && severity === "critical" ? RINGING : LOUDNESS[severity ?? UNJUDGED];
  return {
    title: titleOf(event),
    // Never the summary alone: of some words, such as "clear_notification", the app makes a command to the phone.
    message: plain(`${judgementOf(event)}: ${said}`, MESSAGE_BYTES),
    data: {
      ...frameOf(event, options),
      ...(loud ? loudness : { ...SILENT, alert_once: true }),
      actions: [
        // Android opens something for this id only, and then sends no press.
        { action: "URI", title: "View", uri: dashboard },
        { action: buttonOf("snooze", event, options), title: `Snooze ${SNOOZE_MINUTES} min` },
        { action: buttonOf("false_alarm", event, options), title: "False alarm" },
        // Android shows three.
        { action: buttonOf("acknowledge", event, options), title: "Acknowledge" },
        { action: buttonOf("dismiss", event, options), title: "Dismiss" },
      ],
    },
  };
}

/** What takes its place once a button was pressed; `done` is the sentence that says what was done. */
export function confirmation(event: EventRecord, done: string, options: NotificationOptions): Notification {
  return {
    title: titleOf(event),
    message: plain(`✓ ${done}`, MESSAGE_BYTES),
    data: { ...frameOf(event, options), ...SILENT, alert_once: true },
  };
}

/** What all notifications of an alert have in common. */
function frameOf({ camera_id }: EventRecord, { site, alertId, dashboard, image }: NotificationOptions) {
  return {
    tag: `vigil-${deriveId("alert", site, alertId)}`,
    group: `vigil-${site}-${camera_id}`,
    notification_icon: "mdi:cctv",
    // One is iOS's, the other Android's.
    url: dashboard,
    clickAction: dashboard,
    ...(image !== null && { image: `/api/image_proxy/${image}` }),
  };
}

function buttonOf(kind: PressKind, { camera_id, event_id }: EventRecord, { site }: NotificationOptions) {
  return actionId({ kind, site, camera_id, event_id });
}

function titleOf({ camera_name, risk_level }: EventRecord): string {
  return plain(`${camera_name}: ${risk_level === null ? "not analysed" : `${risk_level} risk`}`, TITLE_BYTES);
}

function judgementOf({ risk_score, final }: EventRecord): string {
  if (risk_score === null) return "No score";
  return final ? `Score ${risk_score}` : `Score ${risk_score}, estimated`;
}

/** Text without what Android would take for HTML. */
function plain(text: string, bytes: number): string {
  return shorten(text.toWellFormed().replaceAll("<", "‹").replaceAll(">", "›"), bytes, jsonBytes);
}
