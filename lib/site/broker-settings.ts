/** How a site's form says that its broker is reached. */
import { readFileSync } from "node:fs";
import type { BrokerSettings } from "../mqtt/broker.ts";
import { asError, ConfigError } from "../resilience/errors.ts";
import type { SiteConfig } from "./config.ts";

/** @throws ConfigError `MQTT_CA`: the certificate file cannot be read */
export function brokerSettings(config: SiteConfig): BrokerSettings {
  return {
    url: config.mqttUrl,
    username: config.mqttUser,
    password: config.mqttPassword,
    tls: {
      ca: config.mqttCaFile === "" ? undefined : readCertificate(config.mqttCaFile),
      rejectUnauthorized: config.mqttVerify,
    },
  };
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new ConfigError("MQTT_CA", `The certificate file ${path} cannot be read: ${asError(cause).message}`, {
      cause,
    });
  }
}
