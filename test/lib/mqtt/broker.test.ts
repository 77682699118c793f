import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type BrokerSettings, resolveBroker } from "../../../lib/mqtt/broker.ts";
import { ConfigError } from "../../../lib/resilience/errors.ts";

describe("an MQTT broker's settings", () => {
  const good: [BrokerSettings, ReturnType<typeof resolveBroker>][] = [
    [
      { url: "mqtt://192.168.1.5" },
      { name: "mqtt://192.168.1.5", options: { protocol: "mqtt", hostname: "192.168.1.5" } },
    ],
    [
      { url: "mqtt://broker.lan:1884", username: "", password: "" },
      { name: "mqtt://broker.lan:1884", options: { protocol: "mqtt", hostname: "broker.lan", port: 1884 } },
    ],
    [
      { url: "mqtt://user:p%40ss@[::1]:1883/?clientId=other" },
      {
        name: "mqtt://[::1]:1883",
        options: { protocol: "mqtt", hostname: "::1", port: 1883, username: "user", password: "p@ss" },
      },
    ],
    [
      { url: "mqtt://user:pass@broker", username: "mine", password: "word" },
      { name: "mqtt://broker", options: { protocol: "mqtt", hostname: "broker", username: "mine", password: "word" } },
    ],
    [
      { url: "mqtts://broker" },
      { name: "mqtts://broker", options: { protocol: "mqtts", hostname: "broker", rejectUnauthorized: true } },
    ],
    [
      { url: "wss://[::1]/mqtt?key=1", tls: { rejectUnauthorized: false } },
      {
        name: "wss://[::1]",
        options: { protocol: "wss", hostname: "[::1]", path: "/mqtt?key=1", rejectUnauthorized: false },
      },
    ],
  ];
  for (const [settings, expected] of good) {
    it(`takes ${inspect(settings, { breakLength: Number.POSITIVE_INFINITY })}`, () => {
      assert.deepEqual(resolveBroker(settings), expected);
    });
  }

  const bad: [BrokerSettings, string][] = [
    [{ url: "" }, "MQTT_URL"],
    [{ url: "192.168.1.5" }, "MQTT_URL"],
    [{ url: "broker:1883" }, "MQTT_URL"],
    [{ url: "http://user:secret@broker" }, "MQTT_URL"],
    [{ url: "mqtt://user:secret@" }, "MQTT_URL"],
    [{ url: "mqtt://user:secret@broker:99999" }, "MQTT_URL"],
    [{ url: "mqtt://user:100%secret@broker" }, "MQTT_URL"],
    [{ url: "mqtt://broker", password: "secret" }, "MQTT_CREDENTIALS"],
    [{ url: "mqtts://broker", tls: { ca: "secret" } }, "MQTT_TLS"],
  ];
  for (const [settings, code] of bad) {
    it(`refuses ${inspect(settings, { breakLength: Number.POSITIVE_INFINITY })} as ${code}, without telling secrets`, () => {
      assert.throws(
        () => resolveBroker(settings),
        (error) => {
          assert.ok(error instanceof ConfigError);
          assert.equal(error.code, code);
          // The stack shows this file, not the settings.
          assert.doesNotMatch(inspect({ ...error, message: error.message, cause: error.cause }), /secret/);
          return true;
        },
      );
    });
  }
});
