/**
 * How `risk-alert` tells people of what it has decided: an errand for each target, which Home Assistant is asked to run as
 * soon as it is there, and again until it has. What is sent is what is known then, not what was when it was queued.
 */
import { z } from "zod";
import { channelName } from "../alert/channels.ts";
import { type Alert, type Channel, NotifyChannel } from "../domain/alert.ts";
import { EventRecord } from "../domain/event.ts";
import { RecordId } from "../domain/ids.ts";
import type { Notification } from "../domain/notification.ts";
import { toMillis } from "../domain/time.ts";
import { cameraEntityId } from "../homeassistant/ids.ts";
import { alertNotification, confirmation, type NotificationOptions } from "../homeassistant/notification.ts";
import { ConfigError } from "../resilience/errors.ts";
import type { Workspace } from "./behaviour.ts";
import { isLive } from "./live.ts";
import type { Errands, Result, Tables } from "./stage.ts";

export interface AlertNotifierOptions {
  readonly workspace: Pick<Workspace, "site" | "nodeId" | "queueErrand">;
  /** Those that the node has now. */
  readonly channels: readonly NotifyChannel[];
  /** Whether alerts are published over MQTT, with their pictures. */
  readonly publish: boolean;
  /** Whether a critical alert may ring on a phone that is muted. */
  readonly critical: boolean;
}

/** What Home Assistant's own start page is called, where no `vigil-home-assistant` names a better one. */
const START_PAGE = "/lovelace";

const ErrandPayload = z.object({
  alert_id: RecordId,
  channel: NotifyChannel,
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
    if (options.channels.length > 0 && site.homeAssistant === null) {
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

  /** What a phone is to show of an alert, with a sound where it is `news`. */
  notificationOf({ alert_id, severity, event }: Alert, news: boolean): Notification {
    return alertNotification(event, this.#look({ alertId: alert_id, severity }, event, news));
  }

  /** Queues what the phones among some channels are to be told of a decision, in its transaction. */
  announce(tables: Tables, alert: Alert, channels: readonly Channel[], news: boolean): void {
    const { alert_id, event_id, revision } = alert;
    const event = EventRecord.parse(alert.event);
    this.#queue(tables, `${event_id} ${revision}`, channels, { alert_id, event, loud: news });
  }

  #confirm(eventId: string, done: string): void {
    const { site, nodeId } = this.#options.workspace;
    site.store.transaction((tables) => {
      const alert_id = tables.decisions.get(eventId, nodeId)?.alert_id;
      const event = tables.events.get(eventId);
      if (alert_id === undefined || event === undefined) return;
      const told = tables.alerts.toldBy(alert_id);
      this.#queue(tables, `done ${site.clock.now()}`, told, { alert_id, event, loud: false, done });
    });
  }

  #queue(tables: Tables, what: string, channels: readonly Channel[], rest: Omit<ErrandPayload, "channel">): void {
    const { event_id, camera_id } = rest.event;
    for (const channel of channels) {
      if (channel.kind !== "notify") continue;
      const key = `notify ${rest.alert_id} ${what} ${channelName(channel)}`;
      const payload: ErrandPayload = { channel, ...rest };
      this.#options.workspace.queueErrand(tables, { key, subjectId: event_id, cameraId: camera_id, payload });
    }
  }

  async #run({ alert_id, channel, event: queued, loud, done }: ErrandPayload, signal: AbortSignal): Promise<Result> {
    const { channels, workspace } = this.#options;
    const { store, clock, homeAssistant } = workspace.site;
    // Since it was queued, the form may have lost it.
    if (homeAssistant === null || !channels.some((each) => channelName(each) === channelName(channel))) return NOTHING;
    await homeAssistant.untilConnected(signal);
    const stored = store.events.get(queued.event_id);
    const event = stored && stored.revision > queued.revision ? stored : queued;
    const cameras = store.decisions.camerasOf(alert_id);
    const stillAlerts = cameras.length > 0;
    const isUpdate = stillAlerts && !loud && done === undefined;
    // Also a snooze that began after it was queued silences an update.
    if (isUpdate && this.#isSnoozed(cameras)) return NOTHING;
    const severity = store.alerts.get(alert_id)?.severity ?? event.risk_level;
    const look = this.#look(
      { alertId: alert_id, severity },
      event,
      loud && stillAlerts && isLive(event.ended_at, clock.now()),
    );
    const notification = done === undefined ? alertNotification(event, look) : confirmation(event, done, look);
    await homeAssistant.notify(channel.target, notification, signal);
    return {
      commit: (tables) => {
        tables.alerts.markDelivered(alert_id);
        return [];
      },
    };
  }

  #isSnoozed(cameras: readonly string[]): boolean {
    const { settings, clock } = this.#options.workspace.site;
    const snoozes = [settings.ofSite(), ...cameras.map((id) => settings.ofCamera(id))];
    return snoozes.some(({ snoozed_until }) => snoozed_until !== null && toMillis(snoozed_until) > clock.now());
  }

  #look(
    alert: Pick<NotificationOptions, "alertId" | "severity">,
    { camera_id, picture_path }: EventRecord,
    loud: boolean,
  ): NotificationOptions {
    const { critical, publish, workspace } = this.#options;
    const { id, publishes, homeAssistant } = workspace.site;
    return {
      site: id,
      ...alert,
      loud,
      critical,
      dashboard: homeAssistant?.dashboard ?? START_PAGE,
      // The picture itself comes over MQTT; without one, the entity still shows that of an earlier alert.
      image: publishes && publish && picture_path !== null ? cameraEntityId(id, camera_id, "last_alert") : null,
    };
  }
}

const NOTHING: Result = { commit: () => [] };
