/** How to reach an MQTT broker: the user's settings, checked, as mqtt.js wants them. */
import { X509Certificate } from "node:crypto";
import type { IClientOptions } from "mqtt";
import { asError, ConfigError } from "../resilience/errors.ts";

export interface BrokerSettings {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`; may carry a user name and a password. */
  readonly url: string;
  /** Goes before the one in the URL. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: BrokerTls | undefined;
}

export interface BrokerTls {
  /** Certificates to trust instead of the public ones, as PEM. */
  readonly ca?: string | undefined;
  /** False takes any certificate. */
  readonly rejectUnauthorized?: boolean | undefined;
}

export interface Broker {
  /** Scheme, host and port: safe to log. */
  readonly name: string;
  readonly options: IClientOptions;
}

const SCHEMES = ["mqtt", "mqtts", "ws", "wss"] as const;

/**
 * Where and as whom to connect.
 * @throws ConfigError `MQTT_URL`, `MQTT_CREDENTIALS` or `MQTT_TLS`; never with a secret in it
 */
export function resolveBroker({ url, username, password, tls }: BrokerSettings): Broker {
  const parsed = URL.parse(url);
  const protocol = SCHEMES.find((scheme) => parsed?.protocol === `${scheme}:`);
  if (!parsed || !protocol || parsed.hostname === "") {
    throw new ConfigError(
      "MQTT_URL",
      "the MQTT broker's URL must be mqtt://, mqtts://, ws:// or wss:// and a host, like mqtt://192.168.1.5:1883",
    );
  }
  const overWebSocket = protocol === "ws" || protocol === "wss";
  return {
    name: `${protocol}://${parsed.host}`,
    options: {
      protocol,
      // A socket takes an IPv6 address bare, a WebSocket URL in brackets.
      hostname: overWebSocket ? parsed.hostname : parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
      ...(parsed.port === "" ? {} : { port: Number(parsed.port) }),
      ...(overWebSocket ? { path: parsed.pathname + parsed.search } : {}),
      ...credentials(username || decode(parsed.username), password || decode(parsed.password)),
      ...(protocol === "mqtts" || protocol === "wss" ? trust(tls) : {}),
    },
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ConfigError(
      "MQTT_URL",
      "the user name or password in the MQTT broker's URL is not percent-encoded: % is written %25",
    );
  }
}

function credentials(username: string, password: string): IClientOptions {
  if (username === "" && password !== "") {
    throw new ConfigError("MQTT_CREDENTIALS", "the MQTT password needs a user name beside it");
  }
  return { ...(username === "" ? {} : { username }), ...(password === "" ? {} : { password }) };
}

function trust({ ca, rejectUnauthorized = true }: BrokerTls = {}): IClientOptions {
  if (!ca) return { rejectUnauthorized };
  try {
    // TLS itself takes anything for a CA and then trusts nobody.
    new X509Certificate(ca);
  } catch (error) {
    throw new ConfigError("MQTT_TLS", `the MQTT broker's CA is not a PEM certificate: ${asError(error).message}`, {
      cause: error,
    });
  }
  return { ca, rejectUnauthorized };
}
