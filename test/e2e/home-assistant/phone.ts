/** A phone with the companion app, as Home Assistant knows it; its push service is one of ours. */
import { z } from "zod";
import { type Push, type PushServer, startPushServer } from "../../support/push-server.ts";
import type { HomeAssistant } from "./home-assistant.ts";
import { ask } from "./rest.ts";

const DEVICE = "a-phone";

export class Phone {
  readonly #homeAssistant: HomeAssistant;
  readonly #push: PushServer;
  /** Where it reports to. */
  readonly #webhook: string;

  private constructor(homeAssistant: HomeAssistant, push: PushServer, webhook: string) {
    this.#homeAssistant = homeAssistant;
    this.#push = push;
    this.#webhook = webhook;
  }

  /** As the app does at its first start. */
  static async register(homeAssistant: HomeAssistant): Promise<Phone> {
    const push = await startPushServer();
    const { url, token } = homeAssistant;
    const Registered = z.object({ webhook_id: z.string() });
    const { webhook_id } = await ask(url, "/api/mobile_app/registrations", Registered, {
      token,
      json: {
        device_id: DEVICE,
        app_id: "io.homeassistant.companion.android",
        app_name: "Home Assistant",
        app_version: "2026.8.1",
        device_name: "Pixel 8",
        manufacturer: "Google",
        model: "Pixel 8",
        os_name: "Android",
        os_version: "16",
        supports_encryption: false,
        app_data: { push_token: "the-phone", push_url: push.url },
      },
    });
    return new Phone(homeAssistant, push, `/api/webhook/${webhook_id}`);
  }

  /** What was brought to it, the oldest first. */
  get pushes(): readonly Push[] {
    return this.#push.pushes;
  }

  /** Its id in Home Assistant's device registry. */
  async deviceId(): Promise<string> {
    const devices = await this.#homeAssistant.api.devices();
    const own = devices.find(({ identifiers }) => identifiers.some(([, id]) => id === DEVICE));
    if (!own) throw new Error("Home Assistant has no device of the phone");
    return own.id;
  }

  /** Tells its Home Assistant something. */
  async report(type: string, data: object): Promise<void> {
    await ask(this.#homeAssistant.url, this.#webhook, z.unknown(), { json: { type, data } });
  }

  /** As when somebody presses a notification's button, whose action it is. */
  async press(action: string | undefined, more: object = {}): Promise<void> {
    await this.report("fire_event", {
      event_type: "mobile_app_notification_action",
      event_data: { action, ...more },
    });
  }

  async close(): Promise<void> {
    await this.#push.close();
  }
}
