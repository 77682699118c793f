/** A Home Assistant, as a site uses it: what it knows of the house, phones to notify, and the buttons pressed on them. */
import type { Notification } from "../domain/notification.ts";
import { ReplyError } from "../resilience/errors.ts";
import { type Household, HouseholdWatch } from "./household.ts";
import { HomeAssistantLink, type HomeAssistantLinkOptions, type HomeAssistantState } from "./link.ts";
import { PRESS_EVENT, type Press, pressOf } from "./presses.ts";

export interface HomeAssistantOptions extends HomeAssistantLinkOptions {
  /** Ids of entities that the model is told of. */
  readonly entities: readonly string[];
  /** Path that notifications open. */
  readonly dashboard: string;
}

/** Home Assistant itself waits ten seconds for a push service, for each phone of a group. */
const NOTIFY_MS = 60_000;

export class HomeAssistant {
  readonly dashboard: string;
  readonly #link: HomeAssistantLink;
  readonly #household: HouseholdWatch;
  readonly #pressListeners = new Set<(press: Press) => void>();

  /** Starts connecting in the background; where nobody answers, it goes on trying. */
  constructor(options: HomeAssistantOptions) {
    this.dashboard = options.dashboard;
    this.#link = new HomeAssistantLink(options);
    this.#household = new HouseholdWatch(this.#link, options.entities);
    this.#link.onConnect(() => this.#listenForPresses());
  }

  get state(): HomeAssistantState {
    return this.#link.state;
  }

  /** Calls back on each change of `state`. The answer ends it. */
  onState(listener: (state: HomeAssistantState) => void): () => void {
    return this.#link.onState(listener);
  }

  /** What it knows of the house now; null while it is away. */
  household(): Household | null {
    return this.#household.now;
  }

  /** Resolves while or as soon as it is connected; rejects with the signal's reason. */
  untilConnected(signal: AbortSignal): Promise<void> {
    return this.#link.untilConnected(signal);
  }

  /**
   * Has a notify action send a notification; `target` is its name without `notify.`. Resolves when Home Assistant has
   * handed it on, not when a phone has it. Rejects with the signal's reason.
   * @throws ServerError `HA_OFFLINE`, `HA_TIMEOUT`, `HA_FAILED`
   * @throws ReplyError `HA_REFUSED`: there is no such target, for one
   */
  async notify(target: string, notification: Notification, signal: AbortSignal): Promise<void> {
    const call = { type: "call_service", domain: "notify", service: target, service_data: notification };
    await this.#link.request(call, { timeoutMs: NOTIFY_MS, signal });
  }

  /** Calls back when a button of a notification of ours, from whichever site, is pressed. The answer ends it. */
  onPress(listener: (press: Press) => void): () => void {
    this.#pressListeners.add(listener);
    return () => this.#pressListeners.delete(listener);
  }

  /** Ends the connection and what is under way on it, at once. Closing twice is closing once. */
  close(): Promise<void> {
    return this.#link.close();
  }

  async #listenForPresses(): Promise<void> {
    try {
      await this.#link.subscribe({ type: "subscribe_events", event_type: PRESS_EVENT }, (event) => {
        const press = pressOf(event);
        if (press) for (const listener of [...this.#pressListeners]) listener(press);
      });
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      this.#link.report(
        `${this.#link.name} does not tell of buttons that are pressed on phones: its token must be an administrator's`,
      );
    }
  }
}
