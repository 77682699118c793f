/**
 * How `risk-alert` tells people of what it has decided: an errand for each target, which Home Assistant is asked to run as
 * soon as it is there, and again until it has. What is sent is what is known then, not what was when it was queued.
 */
import { z } from "zod";
import type { AlertRecord } from "../domain/alert.ts";
import { EventRecord } from "../domain/event.ts";
import { deriveId, RecordId } from "../domain/ids.ts";
import type { Notification } from "../domain/notification.ts";
import { cameraEntityId } from "../homeassistant/ids.ts";
import { alertNotification, confirmation, type NotificationOptions } from "../homeassistant/notification.ts";
import { ConfigError } from "../resilience/errors.ts";
import type { Workspace } from "./behaviour.ts";
import { isLive } from "./live.ts";
import type { Errands, Result, Tables } from "./stage.ts";

export interface AlertNotifierOptions {
  readonly workspace: Pick<Workspace, "site" | "nodeId" | "queueErrand">;
  /** Names of notify actions, without `notify.`. */
  readonly targets: readonly string[];
  /** Whether alerts are published over MQTT, with their pictures. */
  readonly publish: boolean;
  /** Whether a critical alert may ring on a phone that is muted. */
  readonly critical: boolean;
}

/** What Home Assistant's own start page is called, where no `vigil-home-assistant` names a better one. */
const START_PAGE = "/lovelace";

const ErrandPayload = z.object({
  alert_id: RecordId,
  target: z.string(),
  /** As it was then: one from elsewhere may not be in the store with this revision. */
  event: EventRecord,
  loud: z.boolean(),
  /** What was done about a press, where it is to say that. */
  done: z.string().optional(),
});
type ErrandPayload = z.infer<typeof ErrandPayload>;

export class AlertNotifier {
  readonly errands: Errands;
  readonly #options: AlertNotifierOptions;
  readonly #closing = new AbortController();

  /** @throws ConfigError `NO_HOME_ASSISTANT` */
  constructor(options: AlertNotifierOptions) {
    this.#options = options;
    const { site } = options.workspace;
    if (options.targets.length > 0 && site.homeAssistant === null) {
      throw new ConfigError(
        "NO_HOME_ASSISTANT",
        "The targets to notify need a vigil-home-assistant with an address, named in the form of the vigil-site",
      );
    }
    // One after the other: a later word on an event must not be overtaken by an earlier one.
    this.errands = { concurrency: 1, work: (payload, _job, signal) => this.#run(ErrandPayload.parse(payload), signal) };
    site.bus.on("obeyed", this.#closing.signal, (eventId, done) => this.#confirm(eventId, done));
  }

  /** Whether notifications have to wait for Home Assistant. */
  get isWaiting(): boolean {
    const { homeAssistant } = this.#options.workspace.site;
    return homeAssistant !== null && homeAssistant.state !== "connected";
  }

  close(): void {
    this.#closing.abort();
  }

  /** What a phone is to show of an event, with a sound where it is `news`. */
  notificationOf(event: EventRecord, news: boolean): Notification {
    return alertNotification(event, this.#look(event, news));
  }

  /** Queues what the targets are to be told of a decision, in its transaction. */
  announce(tables: Tables, alert: AlertRecord, event: EventRecord, news: boolean): void {
    const { alert_id, outcome, revision } = alert;
    if (this.#options.targets.length === 0) return;
    // One that alerted and does not any more: phones still show what is not so.
    if (outcome !== "alert" && !tables.alerts.wasTold(alert_id)) return;
    tables.alerts.markTold(alert_id);
    this.#queue(tables, String(revision), { alert_id, event: EventRecord.parse(event), loud: news });
  }

  #confirm(eventId: string, done: string): void {
    const { site, nodeId } = this.#options.workspace;
    const alert_id = deriveId("alert", eventId, nodeId);
    site.store.transaction((tables) => {
      const event = tables.alerts.wasTold(alert_id) && tables.events.get(eventId);
      if (event) this.#queue(tables, `done ${site.clock.now()}`, { alert_id, event, loud: false, done });
    });
  }

  #queue(tables: Tables, what: string, rest: Omit<ErrandPayload, "target">): void {
    const { targets, workspace } = this.#options;
    const { event_id, camera_id } = rest.event;
    for (const target of targets) {
      const key = `notify ${rest.alert_id} ${what} ${target}`;
      workspace.queueErrand(tables, { key, subjectId: event_id, cameraId: camera_id, payload: { target, ...rest } });
    }
  }

  async #run({ alert_id, target, event: queued, loud, done }: ErrandPayload, signal: AbortSignal): Promise<Result> {
    const { targets, workspace } = this.#options;
    const { store, clock, homeAssistant } = workspace.site;
    // Since it was queued, the form may have lost it.
    if (homeAssistant === null || !targets.includes(target)) return NOTHING;
    await homeAssistant.untilConnected(signal);
    const stored = store.events.get(queued.event_id);
    const event = stored && stored.revision > queued.revision ? stored : queued;
    const stillAlerts = store.alerts.get(alert_id)?.outcome === "alert";
    const look = this.#look(event, loud && stillAlerts && isLive(event.ended_at, clock.now()));
    const notification = done === undefined ? alertNotification(event, look) : confirmation(event, done, look);
    await homeAssistant.notify(target, notification, signal);
    return NOTHING;
  }

  #look({ camera_id, picture_path }: EventRecord, loud: boolean): NotificationOptions {
    const { critical, publish, workspace } = this.#options;
    const { id, publishes, homeAssistant } = workspace.site;
    return {
      site: id,
      loud,
      critical,
      dashboard: homeAssistant?.dashboard ?? START_PAGE,
      // The picture itself comes over MQTT; without one, the entity still shows that of an earlier alert.
      image: publishes && publish && picture_path !== null ? cameraEntityId(id, camera_id, "last_alert") : null,
    };
  }
}

const NOTHING: Result = { commit: () => [] };
