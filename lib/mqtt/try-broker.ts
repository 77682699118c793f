/** One connection to an MQTT broker, to see whether it can be had. */
import { connect } from "mqtt";
import { reasonOf, ServerError } from "../resilience/errors.ts";
import { type BrokerSettings, resolveBroker } from "./broker.ts";

const CONNECT_MS = 8_000;

/**
 * Connects as the settings say, and leaves again.
 * @throws ConfigError as `resolveBroker`
 * @throws ServerError `MQTT_OFFLINE`: nobody answers as a broker does, or it refuses
 */
export async function tryBroker(settings: BrokerSettings): Promise<void> {
  const { name, options } = resolveBroker(settings);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const client = connect({ ...options, connectTimeout: CONNECT_MS, reconnectPeriod: 0 });
  const refuse = (reason: string) =>
    reject(new ServerError("MQTT_OFFLINE", `the MQTT broker ${name} cannot be used: ${reason}`));
  client.on("connect", () => resolve());
  client.on("error", (error) => refuse(reasonOf(error)));
  client.on("close", () => refuse("it closed the connection, or did not answer"));
  await promise.finally(() => client.endAsync(true));
}
