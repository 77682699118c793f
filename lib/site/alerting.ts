/** What `risk-alert` does: decides whether an event deserves a person's attention, keeps the reasons, and tells people. */
import { channelsOf } from "../alert/channels.ts";
import type { Decision } from "../alert/decide.ts";
import { decideWithFeedback } from "../alert/decide-with-feedback.ts";
import type { AlertPolicy } from "../alert/rule.ts";
import { type Alert, type Channel, PublishedAlert } from "../domain/alert.ts";
import { SecurityEvent } from "../domain/event.ts";
import { toIso } from "../domain/time.ts";
import type { StoredAlert } from "../store/alerts.ts";
import { type AlertOfEvent, alertOfEvent, circumstancesOf } from "./alert-circumstances.ts";
import type { AlertNotifier } from "./alert-notifier.ts";
import { lessonsFor } from "./lessons.ts";
import type { Site } from "./site.ts";
import type { InstantStage, Tables } from "./stage.ts";
import { decisionLine } from "./trace.ts";
import type { WebhookNotifier } from "./webhook-notifier.ts";

export interface AlertingOptions {
  readonly site: Site;
  readonly nodeId: string;
  readonly policy: AlertPolicy;
  /** What the node's rules choose from. */
  readonly channels: readonly Channel[];
  readonly publish: boolean;
  readonly notifier: AlertNotifier;
  readonly webhook: WebhookNotifier;
  /** The most points by which thresholds follow feedback; null: they do not. */
  readonly calibrationLimit: number | null;
}

const ALERT_PORT = 0;
const SUPPRESSED_PORT = 1;

export function alertingStage(options: AlertingOptions): InstantStage<SecurityEvent> {
  const { site, nodeId, policy, publish, notifier, webhook } = options;
  return {
    input: SecurityEvent,
    durable: true,
    describe: (event) => ({
      subject: { kind: "event", id: event.event_id },
      cameraId: event.camera_id,
      priority: 0,
    }),
    settle: (event, _message, tables) => {
      const now = site.clock.now();
      tables.batches.adoptOf(event, now);
      tables.events.adopt(event);
      const before = tables.decisions.get(event.event_id, nodeId);
      const of = alertOfEvent(event, before, tables, nodeId, now);
      const circumstances = circumstancesOf(event, of, tables, nodeId, site);
      const lessons = lessonsFor(event, tables, site, options.calibrationLimit);
      const decision = decideWithFeedback(event, policy, circumstances, lessons);
      if (before?.outcome === "alert" && isOnlyLate(decision)) return [];
      const channels = decision.rule ? channelsOf(decision.rule, options.channels) : [];
      const raised = decision.outcome === "alert" ? alertNow(of, decision, channels, now) : null;
      const { rule, change, wanted, silenced, ...reasons } = decision;
      const alert: Alert = {
        ...reasons,
        rule: rule?.name ?? null,
        alert_id: of.alertId,
        event_id: event.event_id,
        camera_id: event.camera_id,
        incident_id: of.incidentId,
        revision: event.revision,
        update_count: raised?.update_count ?? null,
        state: raised?.state ?? null,
        channels,
        created_at: before?.created_at ?? toIso(now),
        decided_at: toIso(now),
        event,
      };
      const news = raised !== null && change !== "update";
      if (!tables.decisions.save(nodeId, alert, { published: publish, sent: news, wanted })) return [];
      if (raised) {
        tables.alerts.save(nodeId, raised);
        tables.alerts.markTold(raised.alert_id, channels);
      }
      tables.afterCommit(() => site.logger[raised ? "info" : "debug"](decisionLine(alert)));
      // Without a broker nobody would ever empty the outbox.
      if (publish && site.publishes && news) {
        tables.outbox.add("alert", alert.alert_id, raised.update_count + 1, PublishedAlert.parse(alert));
        tables.afterCommit(() => site.bus.emit("outbox"));
      }
      const concerned = concernedBy(alert, silenced, tables);
      notifier.announce(tables, alert, concerned, news);
      webhook.announce(tables, alert, concerned, news);
      const { camera_id: topic } = alert;
      if (!raised) return [{ port: SUPPRESSED_PORT, topic, payload: alert, subject: null }];
      const notification = notifier.notificationOf(alert, news);
      return [{ port: ALERT_PORT, topic, payload: { ...alert, notification }, subject: null }];
    },
  };
}

/** What an event that alerts makes of its alert. */
function alertNow(
  { incidentId, alertId, stored }: AlertOfEvent,
  { change, severity, dedup_key }: Decision,
  channels: readonly Channel[],
  now: number,
): StoredAlert {
  const update_count = stored ? stored.update_count + 1 : 0;
  if (stored && change === "update") return { ...stored, update_count };
  return {
    alert_id: alertId,
    incident_id: stored?.incident_id ?? incidentId,
    severity,
    dedup_key: dedup_key ?? alertId,
    state: channels.length > 0 ? "pending" : "delivered",
    update_count,
    created_at: stored?.created_at ?? toIso(now),
    sent_at: toIso(now),
  };
}

/** By which channels people are to hear of a decision: also those that still show an alert which it takes back. */
function concernedBy({ alert_id, outcome, channels }: Alert, silenced: boolean, tables: Tables): readonly Channel[] {
  if (outcome === "alert") return channels;
  // Not while another of its events alerts.
  const isTakenBack = !silenced && tables.decisions.camerasOf(alert_id).length === 0;
  return isTakenBack ? tables.alerts.toldBy(alert_id) : [];
}

/** An event that has alerted, and would again by a later verdict, is no news when that comes late. */
function isOnlyLate({ rule, conditions }: Decision): boolean {
  return rule !== null && conditions.every(({ name, passed }) => passed === (name !== "late"));
}
