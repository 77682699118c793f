import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type HomeAssistantSettings, resolveHomeAssistant } from "../../../lib/homeassistant/address.ts";
import { ConfigError } from "../../../lib/resilience/errors.ts";

describe("Home Assistant's address", () => {
  const settings = (changes: Partial<HomeAssistantSettings>): HomeAssistantSettings => ({
    url: "",
    token: "",
    supervisorToken: undefined,
    ...changes,
  });
  const supervisor = { socketUrl: "ws://supervisor/core/websocket", token: "addon", name: "http://supervisor/core" };
  const good: [Partial<HomeAssistantSettings>, ReturnType<typeof resolveHomeAssistant>][] = [
    [
      { url: "http://homeassistant.local:8123", token: "secret" },
      {
        socketUrl: "ws://homeassistant.local:8123/api/websocket",
        token: "secret",
        name: "http://homeassistant.local:8123",
      },
    ],
    [
      { url: "https://me:pw@ha.example.org/lovelace/0?x#y", token: "secret", supervisorToken: "addon" },
      { socketUrl: "wss://ha.example.org/api/websocket", token: "secret", name: "https://ha.example.org" },
    ],
    [{ supervisorToken: "addon" }, supervisor],
    [{ url: "http://supervisor/core/", token: "old", supervisorToken: "addon" }, supervisor],
    [{ token: "secret" }, null],
  ];
  for (const [given, expected] of good) {
    it(`takes ${inspect(given, { breakLength: Number.POSITIVE_INFINITY })}`, () => {
      assert.deepEqual(resolveHomeAssistant(settings(given)), expected);
    });
  }

  const bad: [Partial<HomeAssistantSettings>, string][] = [
    [{ url: "homeassistant.local:8123", token: "secret" }, "HA_URL"],
    [{ url: "ws://homeassistant.local:8123", token: "secret" }, "HA_URL"],
    [{ url: "http://homeassistant.local:8123" }, "HA_TOKEN"],
    [{ url: "http://homeassistant.local:8123", token: "sec ret" }, "HA_TOKEN"],
    [{ url: "http://supervisor/core", token: "secret" }, "HA_TOKEN"],
  ];
  for (const [given, code] of bad) {
    it(`refuses ${inspect(given, { breakLength: Number.POSITIVE_INFINITY })} as ${code}, without telling the token`, () => {
      assert.throws(
        () => resolveHomeAssistant(settings(given)),
        (error) => error instanceof ConfigError && error.code === code && !/sec ?ret/.test(error.message),
      );
    });
  }
});
