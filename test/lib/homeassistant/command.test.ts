import assert from "node:assert/strict";
import { commandValue } from "../../../lib/homeassistant/command.ts";
import { CAMERA_ENTITIES } from "../../../lib/homeassistant/entities/camera.ts";
import { HUB_ENTITIES } from "../../../lib/homeassistant/entities/hub.ts";
import type { Entity } from "../../../lib/homeassistant/entity.ts";

const { alerts, snooze, snooze_minutes, risk_threshold, summary } = CAMERA_ENTITIES;
const { mode } = HUB_ENTITIES;

describe("a command", () => {
  const good: [Entity, string, boolean | number | string][] = [
    [alerts, "ON", true],
    [alerts, "OFF", false],
    [snooze, "PRESS", true],
    [risk_threshold, "0", 0],
    [risk_threshold, "100", 100],
    [snooze_minutes, "30.0", 30],
    [mode, "away", "away"],
  ];
  for (const [entity, payload, value] of good) {
    it(`"${payload}" to ${entity.name} is ${value}`, () => {
      assert.equal(commandValue(entity, Buffer.from(payload)), value);
    });
  }

  const bad: [Entity, string, RegExp][] = [
    [alerts, "on", /must be ON or OFF, and was "on"/],
    [alerts, "", /must be ON or OFF/],
    [snooze, "ON", /must be PRESS/],
    [risk_threshold, "101", /from 0 to 100 in steps of 1/],
    [risk_threshold, "-1", /from 0 to 100/],
    [risk_threshold, "1e1", /from 0 to 100/],
    [risk_threshold, "12.5", /in steps of 1/],
    [risk_threshold, "", /from 0 to 100/],
    [risk_threshold, "NaN", /from 0 to 100/],
    [snooze_minutes, "1441", /from 0 to 1440/],
    [mode, "AWAY", /one of home, away, night, off/],
    [mode, "\u0000\n\u202e".repeat(500), /one of home, away, night, off, and was ".{0,100}"$/],
    [summary, "x", /takes no commands/],
  ];
  for (const [entity, payload, message] of bad) {
    it(`${JSON.stringify(payload.slice(0, 10))} to ${entity.name} is refused`, () => {
      assert.throws(() => commandValue(entity, Buffer.from(payload)), { code: "BAD_COMMAND", message });
    });
  }
});
