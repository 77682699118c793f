/** Where a Home Assistant's WebSocket is, and the token that it takes there. */
import { ConfigError } from "../resilience/errors.ts";

export interface HomeAssistantSettings {
  /** `http://` or `https://`, whatever path follows. Empty, or `http://supervisor/core`: that of the add-on's supervisor. */
  readonly url: string;
  /** A long-lived access token; the supervisor has its own. */
  readonly token: string;
  /** `SUPERVISOR_TOKEN` of the environment: set inside an add-on. */
  readonly supervisorToken: string | undefined;
}

export interface HomeAssistantAddress {
  readonly socketUrl: string;
  readonly token: string;
  /** Scheme, host and port: safe to log. */
  readonly name: string;
}

const SUPERVISOR = "http://supervisor/core";

/**
 * Where to connect and with which token; null where no address is given and no supervisor is there.
 * @throws ConfigError `HA_URL`, `HA_TOKEN`; never with the token in it
 */
export function resolveHomeAssistant(settings: HomeAssistantSettings): HomeAssistantAddress | null {
  const { url, token, supervisorToken } = settings;
  const isSupervisor = url.replace(/\/+$/, "") === SUPERVISOR;
  if (url === "" || isSupervisor) {
    if (supervisorToken) {
      // Its proxy takes the add-on's token and logs in itself.
      return { socketUrl: "ws://supervisor/core/websocket", token: supervisorToken, name: SUPERVISOR };
    }
    if (!isSupervisor) return null;
    throw new ConfigError(
      "HA_TOKEN",
      `${SUPERVISOR} is for the Home Assistant add-on only: elsewhere, name Home Assistant's own address`,
    );
  }
  const parsed = URL.parse(url);
  if (!parsed || !["http:", "https:"].includes(parsed.protocol)) {
    throw new ConfigError("HA_URL", "Home Assistant's URL must be like http://homeassistant.local:8123");
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigError(
      "HA_TOKEN",
      "Home Assistant wants a long-lived access token, without spaces: make one in your profile there, under Security",
    );
  }
  const { protocol, host, origin } = parsed;
  return { socketUrl: `${protocol === "https:" ? "wss" : "ws"}://${host}/api/websocket`, token, name: origin };
}
