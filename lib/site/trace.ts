/** What the log says of records on their way. */
import { z } from "zod";
import type { AlertRecord } from "../domain/alert.ts";
import type { EventRecord } from "../domain/event.ts";
import type { FlowMessage } from "../domain/message.ts";
import { oneLine } from "../resilience/one-line.ts";

const Id = z.string().optional().catch(undefined);
const LONGEST_LINE = 500;

/** The ids in whatever record a message holds, from the first that an upload gets to the last. */
const Traced = z
  .object({
    upload: z.object({ upload_id: Id }).optional().catch(undefined),
    upload_id: Id,
    inspection_id: Id,
    batch_id: Id,
    event_id: Id,
    alert_id: Id,
  })
  .catch({});

/** One line on a message that leaves by an output, to be found by the ids that it names. */
export function traceOf({ topic, payload }: FlowMessage, port: number): string {
  const { upload, ...ids } = Traced.parse(payload);
  const named = Object.entries({ ...upload, ...ids }).flatMap(([key, id]) =>
    id === undefined ? [] : [`${key.replace("_id", "")} ${id}`],
  );
  return oneLine(`${topic}: ${named.join(", ") || "a message"} leaves by output ${port + 1}`, LONGEST_LINE);
}

/** One line on an event, as it is stored. */
export function eventLine(event: EventRecord): string {
  const { camera_id, event_id, batch_id, revision, risk_score, risk_level, analysis, model, latency_ms, summary } =
    event;
  const verdict = risk_score === null ? "not analysed" : `${risk_level} (${risk_score})`;
  const judge = { model: model ?? "a model", rules: "rules", none: "nobody" }[analysis];
  const time = latency_ms === null ? "" : ` in ${(latency_ms / 1000).toFixed(1)} s`;
  return oneLine(
    `${camera_id}: event ${event_id} of batch ${batch_id}, revision ${revision}: ${verdict} by ${judge}${time}: ${summary}`,
    LONGEST_LINE,
  );
}

/** One line on what was decided on an event. */
export function decisionLine(decision: AlertRecord): string {
  const { camera_id, event_id, revision, outcome, alert_id, severity, update_count, reason } = decision;
  const change = update_count === 0 ? "raises" : "brings up to date";
  const verdict =
    outcome === "alert" ? `${change} the alert ${alert_id}, ${severity ?? "not analysed"}` : "alerts nobody";
  return oneLine(`${camera_id}: event ${event_id}, revision ${revision}, ${verdict}: ${reason}`, LONGEST_LINE);
}
