/** How `risk-alert` tells a server of the user's choice, beside phones and without waiting for these. */
import { z } from "zod";
import type { Webhook } from "../alert/webhook/webhook.ts";
import { type Alert, AlertRecord, type Channel } from "../domain/alert.ts";
import { EventRecord } from "../domain/event.ts";
import { deriveId } from "../domain/ids.ts";
import { IsoTime, toIso, toMillis } from "../domain/time.ts";
import { asError, ReplyError, VigilError } from "../resilience/errors.ts";
import type { Workspace } from "./behaviour.ts";
import type { Errands, Result, Tables } from "./stage.ts";

export interface WebhookNotifierOptions {
  readonly workspace: Pick<Workspace, "site" | "queueErrand">;
  /** Null where the form names none. */
  readonly webhook: Webhook | null;
}

/** A receiver that has not taken a message for so long will not. */
const MOST_WAITED_MS = 24 * 60 * 60_000;

export const WEBHOOK_LANE = "webhook";

/** As receivers get it. */
const WebhookPayload = z.object({
  /** `alert_update`: it concerns an alert that they know of; its `outcome` says whether that stands. */
  type: z.enum(["alert", "alert_update"]),
  timestamp: IsoTime,
  alert: AlertRecord,
  event: EventRecord,
});
type WebhookPayload = z.infer<typeof WebhookPayload>;

const ErrandPayload = z.object({ id: z.string(), message: WebhookPayload });

export class WebhookNotifier {
  readonly errands: Errands;
  readonly #options: WebhookNotifierOptions;

  constructor(options: WebhookNotifierOptions) {
    this.#options = options;
    // One after the other: a later word on an event must not be overtaken by an earlier one.
    this.errands = { concurrency: 1, work: (payload, _job, signal) => this.#run(payload, signal) };
  }

  async close(): Promise<void> {
    await this.#options.webhook?.close();
  }

  /** Queues what the receiver, where it is among some channels, is to be told of a decision, in its transaction. */
  announce(tables: Tables, alert: Alert, channels: readonly Channel[], news: boolean): void {
    const { workspace, webhook } = this.#options;
    if (!webhook || !channels.some(({ kind }) => kind === "webhook")) return;
    const { alert_id, event_id, camera_id, revision, event } = alert;
    const message = {
      type: news ? "alert" : "alert_update",
      timestamp: toIso(workspace.site.clock.now()),
      alert: AlertRecord.parse(alert),
      event: EventRecord.parse(event),
    } satisfies WebhookPayload;
    workspace.queueErrand(tables, {
      lane: WEBHOOK_LANE,
      key: `webhook ${event_id} ${revision}`,
      subjectId: event_id,
      cameraId: camera_id,
      payload: { id: deriveId("message", alert_id, event_id, revision), message },
    });
  }

  async #run(payload: unknown, signal: AbortSignal): Promise<Result> {
    const { webhook, workspace } = this.#options;
    // Since it was queued, the form may have lost it.
    if (!webhook) return { commit: () => [] };
    const { id, message } = ErrandPayload.parse(payload);
    await webhook.post({ id, payload: message }, signal).catch((thrown) => {
      const waited = workspace.site.clock.now() - toMillis(message.timestamp);
      throw signal.aborted ? thrown : lastly(asError(thrown), waited);
    });
    return {
      commit: (tables) => {
        tables.alerts.markDelivered(message.alert.alert_id);
        return [];
      },
    };
  }
}

/** What could be tried again is not, once it has been tried for long enough. */
function lastly(error: Error, waitedMs: number): Error {
  if (!(error instanceof VigilError) || !error.retryable || waitedMs < MOST_WAITED_MS) return error;
  return new ReplyError(error.code, `${error.message}; given up after a day`, { cause: error });
}
