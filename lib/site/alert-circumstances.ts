/** What an event meets when it is decided on: its alert, where it has one, what people have set, and what was sent before. */
import { z } from "zod";
import type { Circumstances, RunningAlert } from "../alert/gates.ts";
import type { AlertRecord } from "../domain/alert.ts";
import type { SecurityEvent } from "../domain/event.ts";
import { deriveId, RecordId } from "../domain/ids.ts";
import { toIso } from "../domain/time.ts";
import type { StoredAlert } from "../store/alerts.ts";
import type { Site } from "./site.ts";
import type { Tables } from "./stage.ts";

/** For so long an alert takes in further events of its incident: what goes on longer is worth a sound again. */
const INCIDENT_MS = 30 * 60_000;

/** The alert that an event has or would have. */
export interface AlertOfEvent {
  readonly incidentId: string | null;
  readonly alertId: string;
  /** Undefined where there is none yet. */
  readonly stored: StoredAlert | undefined;
}

/** That of an earlier revision, or that of its incident, or one of its own. */
export function alertOfEvent(
  event: SecurityEvent,
  before: AlertRecord | undefined,
  tables: Tables,
  nodeId: string,
  now: number,
): AlertOfEvent {
  const incidentId = incidentOf(event, tables);
  const stored =
    (before && tables.alerts.get(before.alert_id)) ??
    (incidentId === null ? undefined : tables.alerts.ofIncident(incidentId, nodeId, toIso(now - INCIDENT_MS)));
  return { incidentId, alertId: stored?.alert_id ?? deriveId("alert", event.event_id, nodeId), stored };
}

const Incident = z.object({ incident_id: RecordId });

/** As the store has it, where two cameras' batches were enriched at the same time, and neither knew of the other. */
function incidentOf({ batch_id, context }: SecurityEvent, tables: Tables): string | null {
  return tables.neighbours.incidentOf(batch_id) ?? Incident.safeParse(context?.incident).data?.incident_id ?? null;
}

export function circumstancesOf(
  event: SecurityEvent,
  { incidentId, alertId, stored }: AlertOfEvent,
  tables: Tables,
  nodeId: string,
  site: Site,
): Circumstances {
  return {
    now: site.clock.now(),
    cameraTimeZone: site.camera(event.camera_id).time_zone,
    siteTimeZone: site.timeZone,
    judgement: { score: event.risk_score, level: event.risk_level },
    camera: site.settings.ofCamera(event.camera_id),
    site: site.settings.ofSite(),
    incidentId,
    running: stored ? runningAlert(stored, tables, site) : null,
    lastSent: (key) => tables.alerts.lastSent(nodeId, key, alertId),
    sentSince: (time) => tables.alerts.sentSince(nodeId, time),
  };
}

/** Null where none of its events alerts any more. */
function runningAlert({ alert_id, severity, state }: StoredAlert, tables: Tables, site: Site): RunningAlert | null {
  const cameras = tables.decisions.camerasOf(alert_id);
  if (cameras.length === 0) return null;
  const snoozes = cameras.map((id) => site.settings.ofCamera(id).snoozed_until).filter((until) => until !== null);
  return { severity, state, snoozed_until: snoozes.sort().at(-1) ?? null };
}
