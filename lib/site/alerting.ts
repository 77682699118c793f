/** What `risk-alert` does: decides whether an event deserves a person's attention, keeps the reasons, and tells people. */
import { type AlertRule, alertOf, decide } from "../alert/decide.ts";
import { type AlertRecord, PublishedAlert } from "../domain/alert.ts";
import { SecurityEvent } from "../domain/event.ts";
import { RISK_LEVELS } from "../domain/risk.ts";
import type { AlertNotifier } from "./alert-notifier.ts";
import type { Site } from "./site.ts";
import type { InstantStage } from "./stage.ts";

export interface AlertingOptions {
  readonly site: Site;
  readonly nodeId: string;
  readonly rule: AlertRule;
  readonly publish: boolean;
  readonly notifier: AlertNotifier;
}

const ALERT_PORT = 0;
const SUPPRESSED_PORT = 1;

export function alertingStage({ site, nodeId, rule, publish, notifier }: AlertingOptions): InstantStage<SecurityEvent> {
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
      const limits = { camera: site.settings.ofCamera(event.camera_id), site: site.settings.ofSite() };
      const alert = alertOf(event, nodeId, decide(event, rule, limits, now), now);
      const before = tables.alerts.get(alert.alert_id);
      const standsAlready = before?.outcome === "alert" && isOnlyLate(alert);
      if (standsAlready || !tables.alerts.save(nodeId, alert)) return [];
      const news = isNews(alert, before);
      // Without a broker nobody would ever empty the outbox.
      if (publish && site.publishes && news) {
        tables.outbox.add("alert", alert.alert_id, alert.revision, PublishedAlert.parse(alert));
        tables.afterCommit(() => site.bus.emit("outbox"));
      }
      notifier.announce(tables, alert, event, news);
      const { camera_id: topic } = alert;
      if (alert.outcome === "suppressed") return [{ port: SUPPRESSED_PORT, topic, payload: alert, subject: null }];
      const notification = notifier.notificationOf(event, news);
      return [{ port: ALERT_PORT, topic, payload: { ...alert, notification }, subject: null }];
    },
  };
}

/** Whether people are to hear of an alert: of each event once, and again when it turns out to be graver. */
function isNews(alert: AlertRecord, before: AlertRecord | undefined): boolean {
  if (alert.outcome !== "alert") return false;
  return before?.outcome !== "alert" || gravity(alert) > gravity(before);
}

function gravity({ severity }: AlertRecord): number {
  return severity === null ? -1 : RISK_LEVELS.indexOf(severity);
}

/** An event that has alerted, and would again by a later verdict, is no news when that comes late. */
function isOnlyLate({ conditions }: AlertRecord): boolean {
  return conditions.every(({ name, passed }) => passed === (name !== "late"));
}
