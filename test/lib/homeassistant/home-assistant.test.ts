import assert from "node:assert/strict";
import { HomeAssistant } from "../../../lib/homeassistant/home-assistant.ts";
import type { Press } from "../../../lib/homeassistant/presses.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import { eventually } from "../../support/eventually.ts";
import { type HomeAssistantServer, startHomeAssistantServer, TOKEN } from "../../support/home-assistant-server.ts";

describe("Home Assistant", () => {
  let server: HomeAssistantServer;
  let homeAssistant: HomeAssistant;
  let warnings: string[];
  const hello = { title: "t", message: "m", data: { tag: "x" } };
  const soon = () => AbortSignal.timeout(10_000);

  beforeEach(async () => {
    server = await startHomeAssistantServer();
    warnings = [];
  });
  afterEach(async () => {
    await homeAssistant.close();
    await server.close();
  });

  function open(entities: readonly string[] = []): HomeAssistant {
    homeAssistant = new HomeAssistant({
      socketUrl: `${server.url.replace("http", "ws")}/api/websocket`,
      name: "house",
      token: TOKEN,
      verify: true,
      entities,
      dashboard: "/lovelace",
      clock: systemClock,
      logger: { debug: () => {}, info: () => {}, warn: (text) => warnings.push(text), error: assert.fail },
    });
    return homeAssistant;
  }
  const subscribed = (type: string) => () => server.subscriptions.find((each) => each.type === type);

  it("asks for the entities that it wants, and keeps up with them", async () => {
    server.set({
      "person.anna": { state: "home", attributes: { friendly_name: "Anna" } },
      "sun.sun": { state: "above_horizon" },
      "light.kitchen": { state: "on" },
      "lock.front": { state: "locked" },
    });
    assert.equal(open(["lock.front", "lock.typo"]).household(), null);
    await eventually(() => homeAssistant.household() !== null, "the household");
    assert.deepEqual(homeAssistant.household(), {
      at_home: ["Anna"],
      away: [],
      sun: "up",
      entities: { "lock.front": "locked" },
    });
    const { entity_ids } = (await eventually(subscribed("subscribe_entities"), "the subscription")) ?? {};
    assert.deepEqual(entity_ids, ["person.anna", "sun.sun", "lock.front", "lock.typo"]);
    assert.deepEqual(warnings, ["house has no entity lock.typo"]);
    server.set({ "person.anna": { state: "not_home", attributes: { friendly_name: "Anna" } }, "sun.sun": null });
    await eventually(() => homeAssistant.household()?.sun === undefined, "the change");
    assert.deepEqual(homeAssistant.household()?.away, ["Anna"]);
  });

  it("does not tell of the house what may not be true any more", async () => {
    server.set({ "sun.sun": { state: "above_horizon" } });
    open();
    await eventually(() => homeAssistant.household()?.sun === "up", "the household");
    server.set({ "sun.sun": { state: "below_horizon" } });
    server.drop();
    await eventually(() => homeAssistant.household() === null, "the end of what is known");
    await eventually(() => homeAssistant.household()?.sun === "down", "the household anew");
  });

  it("knows nothing of the house once states cannot be read", async () => {
    server.set({ "sun.sun": { state: "above_horizon" } });
    open();
    await eventually(() => homeAssistant.household() !== null, "the household");
    const { id } = subscribed("subscribe_entities")() ?? {};
    server.say(JSON.stringify({ id, type: "event", event: { a: { "sun.sun": { s: 1 } } } }));
    await eventually(() => homeAssistant.household() === null, "the end of what is known");
    assert.deepEqual(warnings, ["house sends states that cannot be read: nothing is known of the house"]);
    await homeAssistant.notify("mobile_app_phone", hello, soon());
  });

  it("asks for no entities where there are none to ask for: it would get all", async () => {
    open();
    await eventually(subscribed("subscribe_events"), "the other subscription");
    // Answered in turn: whatever was asked for before has arrived.
    await homeAssistant.notify("mobile_app_phone", hello, soon());
    assert.equal(subscribed("subscribe_entities")(), undefined);
  });

  it("notifies", async () => {
    await open().untilConnected(soon());
    await homeAssistant.notify("mobile_app_phone", hello, soon());
    assert.deepEqual(server.calls, [{ service: "mobile_app_phone", data: hello }]);
    await assert.rejects(homeAssistant.notify("nobody", hello, soon()), { code: "HA_REFUSED" });
  });

  it("lets somebody wait until it is there", async () => {
    server.misbehave("forbidden");
    open();
    const stop = new AbortController();
    const waiting = homeAssistant.untilConnected(soon());
    const impatient = homeAssistant.untilConnected(stop.signal);
    await eventually(() => homeAssistant.state === "unreachable", "the failure");
    stop.abort(new Error("enough"));
    await assert.rejects(impatient, { message: "enough" });
    await assert.rejects(homeAssistant.untilConnected(stop.signal), { message: "enough" });
    server.misbehave(null);
    await waiting;
    assert.equal(homeAssistant.state, "connected");
  });

  it("tells of presses on its own buttons only, also after it was away", async () => {
    const presses: Press[] = [];
    const stop = open().onPress((press) => presses.push(press));
    const press = (event_id: string) =>
      server.fire("mobile_app_notification_action", {
        action: `VIGIL|snooze|home|porch|${event_id}`,
        tag: "vigil-x",
        action_data: { x: 1 },
      });
    await eventually(subscribed("subscribe_events"), "the subscription");
    server.fire("mobile_app_notification_action", { action: "SOMEBODY_ELSES" });
    press("ev_1");
    await eventually(() => presses.length === 1, "the press");
    server.drop();
    await eventually(() => server.subscriptions.length === 2, "the subscription anew");
    press("ev_2");
    await eventually(() => presses.length === 2, "the second press");
    const [first, second] = presses;
    assert.deepEqual(first, { kind: "snooze", site: "home", camera_id: "porch", event_id: "ev_1" });
    assert.equal(second?.event_id, "ev_2");
    stop();
  });

  it("says that only an administrator's token hears of presses, and works on", async () => {
    server.admin = false;
    open();
    await eventually(() => warnings.length > 0, "the warning");
    assert.match(warnings.join(), /must be an administrator's/);
    await homeAssistant.untilConnected(soon());
    await homeAssistant.notify("mobile_app_phone", hello, soon());
  });
});
