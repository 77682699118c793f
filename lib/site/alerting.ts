/** What `risk-alert` does: decides whether an event deserves a person's attention, and keeps the reasons. */
import { type AlertRule, alertOf, decide } from "../alert/decide.ts";
import { SecurityEvent } from "../domain/event.ts";
import type { Site } from "./site.ts";
import type { InstantStage } from "./stage.ts";

export interface AlertingOptions {
  readonly site: Site;
  readonly nodeId: string;
  readonly rule: AlertRule;
}

const ALERT_PORT = 0;
const SUPPRESSED_PORT = 1;

export function alertingStage({ site, nodeId, rule }: AlertingOptions): InstantStage<SecurityEvent> {
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
      const alert = alertOf(event, nodeId, decide(event, rule, now), now);
      if (!tables.alerts.save(nodeId, alert)) return [];
      return [
        {
          port: alert.outcome === "alert" ? ALERT_PORT : SUPPRESSED_PORT,
          topic: alert.camera_id,
          payload: alert,
          subject: null,
        },
      ];
    },
  };
}
