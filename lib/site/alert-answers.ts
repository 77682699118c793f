/** What people answer to alerts: that somebody looks after one, or that nobody need. */
import { z } from "zod";
import { RecordId } from "../domain/ids.ts";
import { InputError } from "../resilience/errors.ts";
import { oneLine } from "../resilience/one-line.ts";
import type { Command } from "./behaviour.ts";
import type { Site } from "./site.ts";

/** What each answer makes of an alert. */
const STATES = { acknowledge: "acknowledged", dismiss: "dismissed" } as const;
export type AlertAnswer = keyof typeof STATES;

const SHOWN_LENGTH = 60;
const MOST_DECISIONS = 200;
const Count = z.int().min(1).max(MOST_DECISIONS).catch(20);

/**
 * Answers alerts, by their ids; the answer is how they are now.
 * @throws InputError `NO_ALERT` where one is not known
 */
export function answerAlerts({ store, bus }: Site, alertIds: readonly string[], answer: AlertAnswer): string {
  store.durableTransaction((tables) => {
    for (const alertId of alertIds) {
      if (tables.alerts.setState(alertId, STATES[answer])) continue;
      throw new InputError("NO_ALERT", `There is no alert "${oneLine(alertId, SHOWN_LENGTH)}"`);
    }
  });
  bus.emit("worked");
  return STATES[answer];
}

/** Answers a camera's last alert. @throws InputError `NO_ALERT` where it has had none */
export function answerLastAlert(site: Site, cameraId: string, answer: AlertAnswer): void {
  const alertId = site.store.decisions.lastAlertOf(cameraId);
  if (alertId === null) throw new InputError("NO_ALERT", `${cameraId} has had no alert yet`);
  answerAlerts(site, [alertId], answer);
}

/** What `risk-alert` takes beside the commands that every node knows. */
export function alertCommands(site: Site, nodeId: string): Record<string, Command> {
  const answering = (answer: AlertAnswer): Command => {
    return (payload) => {
      const id = RecordId.safeParse(payload);
      if (!id.success) throw new InputError("NO_ALERT", "The payload must be the id of an alert, such as al_90aa…");
      return { alert_id: id.data, state: answerAlerts(site, [id.data], answer) };
    };
  };
  return {
    acknowledge: answering("acknowledge"),
    dismiss: answering("dismiss"),
    decisions: (payload) => site.store.decisions.latest(nodeId, Count.parse(payload)),
  };
}
