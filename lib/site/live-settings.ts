/** What people set while the flows run: read from the store, changed there durably, and everybody hears of it. */
import type { CameraSettings, SiteSettings } from "../domain/settings.ts";
import { toIso } from "../domain/time.ts";
import type { Clock } from "../resilience/clock.ts";
import type { Store } from "../store/store.ts";
import type { SiteBus } from "./bus.ts";

type Change<S> = { readonly [K in keyof S]?: unknown };

export class LiveSettings {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #bus: SiteBus;

  constructor(store: Store, clock: Clock, bus: SiteBus) {
    this.#store = store;
    this.#clock = clock;
    this.#bus = bus;
  }

  ofCamera(cameraId: string): CameraSettings {
    return this.#store.settings.ofCamera(cameraId);
  }

  ofSite(): SiteSettings {
    return this.#store.settings.ofSite();
  }

  /** Throws a ZodError for what no setting can be, a StoreError. */
  changeCamera(cameraId: string, change: Change<CameraSettings>): void {
    this.#store.durableTransaction((tables) => tables.settings.changeCamera(cameraId, change));
    this.#bus.emit("settings");
  }

  /** Throws as `changeCamera` does. */
  changeSite(change: Change<SiteSettings>): void {
    this.#store.durableTransaction((tables) => tables.settings.changeSite(change));
    this.#bus.emit("settings");
  }

  /** Silences a camera for the given minutes, or for its own snooze time; the answer is until when. */
  snoozeCamera(cameraId: string, minutes = this.ofCamera(cameraId).snooze_minutes): string {
    const snoozed_until = this.#in(minutes);
    this.changeCamera(cameraId, { snoozed_until });
    return snoozed_until;
  }

  /** Silences all cameras for the site's snooze time. */
  snoozeSite(): void {
    this.changeSite({ snoozed_until: this.#in(this.ofSite().snooze_minutes) });
  }

  #in(minutes: number): string {
    return toIso(this.#clock.now() + minutes * 60_000);
  }
}
