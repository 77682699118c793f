import assert from "node:assert/strict";
import { HomeAssistantLink, type HomeAssistantState } from "../../../lib/homeassistant/link.ts";
import type { systemClock } from "../../../lib/resilience/clock.ts";
import { ReplyError, ServerError } from "../../../lib/resilience/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type HomeAssistantServer, startHomeAssistantServer, TOKEN } from "../../support/home-assistant-server.ts";
import { HOUSE_CERTIFICATE } from "../../support/house-certificate.ts";

describe("the link to Home Assistant", () => {
  let server: HomeAssistantServer;
  let clock: FakeClock;
  let log: string[];
  let states: HomeAssistantState[];
  const links: HomeAssistantLink[] = [];

  beforeEach(async () => {
    server = await startHomeAssistantServer();
    clock = new FakeClock();
    log = [];
    states = [];
  });
  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
    await server.close();
  });

  function open(changes: { token?: string; url?: string; verify?: boolean; clock?: typeof systemClock } = {}) {
    const say = (level: string) => (text: string) => log.push(`${level} ${text}`);
    const url = changes.url ?? server.url;
    const link = new HomeAssistantLink({
      socketUrl: `${url.replace("http", "ws")}/api/websocket`,
      name: url,
      token: changes.token ?? TOKEN,
      verify: changes.verify ?? true,
      clock: changes.clock ?? clock,
      logger: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
    });
    link.onState((state) => states.push(state));
    links.push(link);
    return link;
  }
  const connected = (link: HomeAssistantLink) => link.untilConnected(AbortSignal.timeout(10_000));
  const becomes = (link: HomeAssistantLink, state: HomeAssistantState) =>
    eventually(() => link.state === state, `the state ${state}, not ${link.state}`);
  /** Lets time pass until something has come true that timers bring about. */
  const passing = (what: () => unknown, name: string) =>
    eventually(() => {
      if (what()) return true;
      clock.advance(500);
      return false;
    }, name);

  it("logs in and asks", async () => {
    const link = open();
    assert.equal(link.state, "connecting");
    await assert.rejects(link.request({ type: "get_config" }), { code: "HA_OFFLINE" });
    await connected(link);
    assert.deepEqual(server.logins, [TOKEN]);
    assert.deepEqual(await link.request({ type: "get_config" }), { state: "RUNNING" });
    assert.deepEqual(log, [`info ${server.url}: connected`]);
  });

  it("waits until Home Assistant has started", async () => {
    server.misbehave("starting");
    const link = open();
    await eventually(() => clock.pending > 0 && server.logins.length === 1, "the login");
    clock.advance(2_000);
    assert.equal(link.state, "connecting");
    server.misbehave(null);
    await passing(() => link.state === "connected", "the start");
    assert.equal(server.logins.length, 1);
  });

  it("says once that the token is refused, and tries again rarely", async () => {
    const link = open({ token: "expired" });
    await becomes(link, "refused");
    await eventually(() => server.connections === 0, "the end of the connection");
    clock.advance(29 * 60_000);
    assert.equal(server.logins.length, 1);
    clock.advance(2 * 60_000);
    await eventually(() => server.logins.length === 2, "the second try");
    server.token = "expired";
    await eventually(() => server.connections === 0, "the end of the second try");
    clock.advance(31 * 60_000);
    await connected(link);
    assert.equal(log.length, 2);
    assert.match(
      log[0] ?? "",
      /^error .+ refuses the access token \(Invalid access token or password\): make a new one/,
    );
    assert.ok(!log.join().includes("expired"));
  });

  const faults = [
    ["unanswered", /did not answer within 10 s/],
    ["tokenless", /did not ask for the token and take it within 10 s/],
    ["garbled", /not Home Assistant's protocol/],
    ["forbidden", /opens no WebSocket as Home Assistant does/],
    ["deaf", /did not answer within 10 s/],
  ] as const;
  for (const [how, complaint] of faults) {
    it(`gives up a server that is ${how}, and comes back to it`, async () => {
      server.misbehave(how);
      const link = open();
      await passing(() => link.state === "unreachable", "the end of patience");
      const warnings = log.filter((line) => line.startsWith("warn"));
      assert.match(warnings[0] ?? "", complaint);
      await eventually(() => server.connections === 0 || clock.advance(500), "the end of the connection");
      server.misbehave(null);
      await passing(() => link.state === "connected", "the connection");
    });
  }

  it("keeps trying a server that is not there, and says so once", async () => {
    const { url } = server;
    await server.close();
    const link = open();
    await becomes(link, "unreachable");
    clock.advance(1_000);
    await eventually(() => clock.pending > 0, "the second try to fail");
    server = await startHomeAssistantServer({ port: Number(new URL(url).port) });
    await passing(() => link.state === "connected", "the connection");
    assert.equal(log.filter((line) => line.includes("ECONNREFUSED")).length, 1);
  });

  it("connects again when the connection is cut, without delay to speak of", async () => {
    const link = open();
    await connected(link);
    server.drop();
    await becomes(link, "unreachable");
    clock.advance(1_000);
    await connected(link);
    assert.deepEqual(states, ["connected", "unreachable", "connecting", "connected"]);
  });

  it("keeps a quiet connection", async () => {
    const link = open();
    await connected(link);
    for (let beat = 1; beat <= 5; beat++) {
      // Answered in turn: the heartbeat before has been.
      await link.request({ type: "get_config" });
      await eventually(() => clock.pending === 1, "the pause between two heartbeats");
      clock.advance(30_000);
      await eventually(() => server.pings === beat, "a heartbeat");
    }
    assert.deepEqual(states, ["connected"]);
  });

  it("notices that nobody is there any more", async () => {
    const link = open();
    await connected(link);
    server.misbehave("deaf");
    await passing(() => link.state === "unreachable", "the missing heartbeat");
  });

  const hostile: [what: string, text: string][] = [
    ["no JSON", "{"],
    ["null", "null"],
    ["a number", "17"],
    ["a list of nothing known", "[null]"],
    ["an id that is none", '{"type": "result", "id": {}}'],
    ["a megabyte over the limit", JSON.stringify({ type: "event", id: 1, event: "x".repeat(33 * 2 ** 20) })],
  ];
  for (const [what, text] of hostile) {
    it(`ends the connection over ${what}`, async () => {
      const link = open();
      await connected(link);
      server.say(text);
      await becomes(link, "unreachable");
      await eventually(() => server.connections === 0, "the end of the connection");
      clock.advance(1_000);
      await connected(link);
    });
  }

  it("ignores messages of its protocol that it knows nothing about", async () => {
    const link = open();
    await connected(link);
    server.say('{"type": "result", "id": 4711, "success": false}');
    server.say('[{"type": "result", "id": -1}, {"type": "greeting"}]');
    assert.deepEqual(await link.request({ type: "get_config" }), { state: "RUNNING" });
  });

  it("tells what will not go better from what may", async () => {
    const link = open();
    await connected(link);
    const call = (service: string) =>
      link.request({ type: "call_service", domain: "notify", service, service_data: {} });
    await assert.rejects(call("nobody"), (error) => {
      assert.ok(error instanceof ReplyError);
      assert.match(error.message, /Service notify.nobody not found/);
      return error.code === "HA_REFUSED";
    });
    server.misbehave("failing");
    await assert.rejects(
      call("mobile_app_phone"),
      (error) => error instanceof ServerError && error.code === "HA_FAILED",
    );
    server.misbehave("hangup");
    await assert.rejects(
      call("mobile_app_phone"),
      (error) => error instanceof ServerError && error.code === "HA_OFFLINE",
    );
  });

  it("stops waiting for an answer when told to, and in time", async () => {
    const link = open();
    await connected(link);
    server.misbehave("deaf");
    const stop = new AbortController();
    const asked = link.request({ type: "get_config" }, { signal: stop.signal });
    stop.abort(new ServerError("ENOUGH", "enough"));
    await assert.rejects(asked, { code: "ENOUGH" });
    const late = link.request({ type: "get_config" }, { timeoutMs: 3_000 });
    clock.advance(3_000);
    await assert.rejects(late, { code: "HA_TIMEOUT" });
    assert.equal(link.state, "connected");
  });

  it("ends what is under way when it closes, at whatever point", async () => {
    server.misbehave("unanswered");
    const waiting = open();
    await eventually(() => server.connections === 1, "the connection");
    await waiting.close();
    server.misbehave(null);
    const link = open();
    await connected(link);
    server.misbehave("deaf");
    const asked = link.request({ type: "get_config" });
    const subscribed = link.subscribe({ type: "subscribe_events", event_type: "x" }, () => {});
    await Promise.all([
      assert.rejects(asked, { code: "HA_OFFLINE" }),
      assert.rejects(subscribed, { code: "HA_OFFLINE" }),
      link.close(),
      link.close(),
    ]);
    await eventually(() => server.connections === 0, "the end of both connections");
    await assert.rejects(link.request({ type: "get_config" }), { code: "HA_OFFLINE" });
    assert.equal(clock.pending, 0);
  });

  it("survives a listener that throws, and a subscription that is refused", async () => {
    server.admin = false;
    const link = open();
    await connected(link);
    await assert.rejects(
      link.subscribe({ type: "subscribe_events", event_type: "x" }, () => {}),
      { code: "HA_REFUSED" },
    );
    server.admin = true;
    await link.subscribe({ type: "subscribe_events", event_type: "x" }, () => assert.fail("on purpose"));
    server.fire("x", {});
    await eventually(() => log.some((line) => line.includes("on purpose")), "the complaint");
    server.drop();
    await becomes(link, "unreachable");
    clock.advance(1_000);
    await connected(link);
  });

  it("takes a certificate of the house only when it need not verify", async () => {
    await server.close();
    server = await startHomeAssistantServer({ tls: HOUSE_CERTIFICATE });
    const strict = open();
    await becomes(strict, "unreachable");
    assert.match(log.join(), /cannot be reached: self-signed certificate/);
    await connected(open({ verify: false }));
  });
});
