import assert from "node:assert/strict";
import fc from "fast-check";
import { factLines } from "../../../lib/analyze/prompts/facts.ts";
import { householdOf } from "../../../lib/homeassistant/household.ts";
import { applyStates, type EntityState } from "../../../lib/homeassistant/states.ts";

const entity = (state: string, attributes: Record<string, unknown> = {}): EntityState => ({ state, attributes });

describe("the household", () => {
  it("is who is at home, the alarm, the sun, the weather and what was chosen", () => {
    const states = new Map([
      ["person.anna", entity("home", { friendly_name: "Anna" })],
      ["person.ben", entity("Office", { friendly_name: "Ben" })],
      ["person.guest", entity("unknown")],
      ["alarm_control_panel.house", entity("armed_away", { friendly_name: "House" })],
      ["sun.sun", entity("below_horizon")],
      ["weather.home", entity("rainy", { temperature: 7.5, temperature_unit: "°C" })],
      ["binary_sensor.front_door", entity("on", { device_class: "door", friendly_name: "Front door" })],
      ["binary_sensor.light", entity("off", { device_class: "light" })],
      ["sensor.shed", entity("3.5", { unit_of_measurement: "°C" })],
      ["lock.back", entity("unavailable")],
    ]);
    const chosen = ["binary_sensor.front_door", "binary_sensor.light", "sensor.shed", "lock.back"];
    assert.deepEqual(householdOf(states, chosen), {
      at_home: ["Anna"],
      away: ["Ben"],
      alarm: { House: "armed_away" },
      sun: "down",
      weather: "rainy, 7.5 °C",
      entities: { "Front door": "open", "binary_sensor.light": "off", "sensor.shed": "3.5 °C" },
    });
  });

  it("tells things of the same name apart", () => {
    const door = (state: string) => entity(state, { friendly_name: "Door", device_class: "door" });
    const states = new Map([
      ["binary_sensor.a", door("on")],
      ["binary_sensor.b", door("off")],
    ]);
    assert.deepEqual(householdOf(states, [...states.keys()]), {
      entities: { "binary_sensor.a": "open", "binary_sensor.b": "closed" },
    });
  });

  it("leaves out what nobody knows", () => {
    assert.deepEqual(householdOf(new Map(), []), {});
    assert.deepEqual(householdOf(new Map([["sun.sun", entity("unavailable")]]), ["lock.missing"]), {});
    assert.deepEqual(householdOf(new Map([["weather.home", entity("sunny", { temperature: null })]]), []), {
      weather: "sunny",
    });
  });

  it("stays small, and one line of the prompt, whatever the states hold", () => {
    const value = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.double(), fc.constant(null));
    const attributes = fc.dictionary(fc.constantFrom("friendly_name", "device_class", "temperature", "x"), value);
    const id = fc
      .tuple(
        fc.constantFrom("person", "weather", "alarm_control_panel", "lock", "sun"),
        fc.stringMatching(/^[a-z0-9_]+$/),
      )
      .map((parts) => parts.join("."));
    const state = fc.string({ unit: "binary", maxLength: 300 });
    fc.assert(
      fc.property(fc.array(fc.tuple(id, fc.record({ state, attributes })), { maxLength: 60 }), (entries) => {
        const lines = factLines(householdOf(new Map(entries), ["lock.a"]));
        assert.ok(lines.length <= 1 && lines.join().length < 6_000);
        assert.doesNotMatch(lines.join(), /[\n\r]/);
      }),
    );
  });
});

describe("the states of entities", () => {
  it("are what was added, with each change, and without what was removed", () => {
    const first = applyStates(new Map(), {
      a: { "lock.a": { s: "locked", a: { friendly_name: "A", battery: 5 }, c: "x", lc: 1 }, "lock.b": { s: "locked" } },
    });
    const second = applyStates(first, {
      c: {
        "lock.a": { "+": { s: "unlocked", a: { battery: 4 }, lc: 2 }, "-": { a: ["friendly_name"] } },
        "lock.unheard_of": { "+": { s: "locked" } },
      },
      r: ["lock.b"],
    });
    assert.deepEqual([...second], [["lock.a", { state: "unlocked", attributes: { battery: 4 } }]]);
    assert.equal(first.size, 2);
    const third = applyStates(second, { c: { "lock.a": { "+": { lu: 3 } } } });
    assert.deepEqual([...third], [...second]);
  });

  for (const event of [
    null,
    "x",
    { a: [] },
    { a: { "lock.a": { s: 1 } } },
    { c: { "lock.a": null } },
    { r: "lock.a" },
  ]) {
    it(`are not changed by ${JSON.stringify(event)}`, () => assert.throws(() => applyStates(new Map(), event)));
  }
});
