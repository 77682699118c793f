import assert from "node:assert/strict";
import { connectAsync } from "mqtt";
import { keptMessages } from "../../../lib/mqtt/kept.ts";
import { type LinkState, MqttLink, type MqttLinkOptions } from "../../../lib/mqtt/link.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import type { Logger } from "../../../lib/resilience/logger.ts";
import { eventually } from "../../support/eventually.ts";
import { type Broker, startBroker } from "../../support/mosquitto.ts";
import { type ReceivedMessage, type Subscriber, subscribe } from "../../support/subscriber.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { type BrokerProxy, startProxy } from "./proxy.ts";

const WILL_TOPIC = "vigil/home/availability";

describe("an MQTT link", () => {
  let broker: Broker;
  let proxy: BrokerProxy;
  let links: MqttLink[];
  let subscribers: Subscriber[];
  let logged: string[];

  const log = (line: string) => logged.push(line);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };

  function open(options: Partial<MqttLinkOptions> = {}): MqttLink {
    const link = new MqttLink({
      url: broker.url,
      clientId: "vigil-test",
      willTopic: WILL_TOPIC,
      clock: systemClock,
      logger,
      ...options,
    });
    links.push(link);
    return link;
  }

  async function listen(topicFilter = "#"): Promise<Subscriber> {
    const subscriber = await subscribe(broker.url, topicFilter);
    subscribers.push(subscriber);
    return subscriber;
  }

  beforeEach(async () => {
    broker = await startBroker();
    proxy = await startProxy(broker.port);
    links = [];
    subscribers = [];
    logged = [];
  });

  afterEach(async () => {
    await Promise.all([...links, ...subscribers].map((client) => client.close()));
    await proxy.close();
    await broker.stop();
  });

  after(removeTempFolders);

  describe("availability", () => {
    it("keeps online while it is up, and offline after an orderly end", async () => {
      const link = open();
      await nextConnection(link);
      const during = await listen();
      assert.deepEqual(text(await during.waitFor(about(WILL_TOPIC))), "online");
      assert.equal(during.messages[0]?.retain, true);

      await link.close();
      const after = await listen();
      assert.equal(text(await after.waitFor(about(WILL_TOPIC))), "offline");
      assert.equal(after.messages[0]?.retain, true);
      assert.equal(link.state, "disconnected");
    });

    it("says online before anything that an onConnect listener publishes", async () => {
      const subscriber = await listen();
      const link = open();
      link.onConnect(() => {
        link.publish({ topic: "first", payload: "of ours", retain: false }).catch(log);
      });
      await subscriber.waitFor(about("first"));
      assert.deepEqual(subscriber.messages.map(text), ["online", "of ours"]);
      assert.deepEqual(logged, [`MQTT broker ${broker.url}: connected`]);
    });

    it("leaves offline behind when the connection is killed, and comes back with online", async () => {
      const link = open({ url: proxy.url });
      await nextConnection(link);
      const subscriber = await listen();
      proxy.cut();
      await subscriber.waitFor(saying(WILL_TOPIC, "offline"));
      await nextState(link, "disconnected");
      assert.equal(link.connected, false);

      proxy.admit();
      await subscriber.waitFor(() => subscriber.messages.length === 3);
      assert.deepEqual(subscriber.messages.map(text), ["online", "offline", "online"]);
    });
  });

  describe("publishing", () => {
    it("resolves once the broker has the message", async () => {
      const link = open();
      await nextConnection(link);
      await link.publish({ topic: "kept", payload: "state", retain: true });
      await link.publish({ topic: "picture", payload: Buffer.from([0xff, 0xd8, 0x00]), retain: true });
      const subscriber = await listen();
      assert.deepEqual(await subscriber.waitFor(about("kept")), {
        topic: "kept",
        payload: Buffer.from("state"),
        retain: true,
      });
      assert.deepEqual((await subscriber.waitFor(about("picture"))).payload, Buffer.from([0xff, 0xd8, 0x00]));
    });

    it("does not resolve before the broker answered", async () => {
      const link = open({ url: proxy.url });
      await nextConnection(link);
      const subscriber = await listen();
      proxy.hold();
      let settled = false;
      const published = link.publish({ topic: "t", payload: "p", retain: false }).finally(() => {
        settled = true;
      });
      await subscriber.waitFor(about("t"));
      assert.equal(settled, false);
      proxy.cut();
      proxy.admit();
      await published;
    });

    it("keeps the order of the calls across topics", async () => {
      const link = open();
      await nextConnection(link);
      const subscriber = await listen("order/#");
      const sent = Array.from({ length: 200 }, (_, index) => ({
        topic: `order/${index % 2 === 0 ? "a" : "b"}`,
        payload: String(index),
        retain: false,
      }));
      await Promise.all(sent.map((packet) => link.publish(packet)));
      await subscriber.waitFor((message) => text(message) === "199");
      assert.deepEqual(
        subscriber.messages.map(text),
        sent.map(({ payload }) => payload),
      );
    });

    it("sends what was in flight again when the broker comes back, after online", async () => {
      const link = open({ url: proxy.url });
      await nextConnection(link);
      await link.publish({ topic: "event", payload: "acknowledged", retain: false });
      proxy.hold();
      const published = [1, 2, 3].map((n) => link.publish({ topic: "event", payload: `event ${n}`, retain: false }));
      proxy.cut();
      await broker.restart();
      const subscriber = await listen();
      proxy.admit();
      await Promise.all(published);
      await subscriber.waitFor((message) => text(message) === "event 3");
      assert.deepEqual(subscriber.messages.map(text), ["online", "event 1", "event 2", "event 3"]);
    });

    it("loses nothing when the broker stops just as something is published", async function () {
      if (broker.kind !== "mosquitto") this.skip();
      // One that remembers: it may acknowledge and stop before it tells its subscribers, as far as they are there.
      const remembering = await startBroker({ memory: tempFolder() });
      try {
        const link = open({ url: remembering.url });
        await nextConnection(link);
        for (const payload of ["first", "second"]) {
          const published = link.publish({ topic: "event", payload, retain: true });
          await remembering.restart();
          await published;
          const subscriber = await subscribe(remembering.url, "event");
          await subscriber.waitFor(saying("event", payload));
          await subscriber.close();
          if (!link.connected) await nextConnection(link);
        }
        await link.close();
      } finally {
        await remembering.stop();
      }
    });

    it("rejects at once when it is not connected", async () => {
      await broker.stop();
      const link = open();
      await assert.rejects(link.publish({ topic: "t", payload: "p", retain: false }), {
        name: "ServerError",
        code: "MQTT_OFFLINE",
        retryable: true,
      });
    });

    for (const topic of ["", "a/+/b", "a/#", "a\0b"]) {
      it(`refuses the topic ${JSON.stringify(topic)}`, async () => {
        const link = open();
        await nextConnection(link);
        const refusal = { name: "InputError", code: "MQTT_TOPIC" };
        await assert.rejects(link.publish({ topic, payload: "p", retain: false }), refusal);
      });
    }
  });

  describe("closing", () => {
    it("is quick while the broker is away, rejects later calls and can be repeated", async () => {
      await broker.stop();
      const link = open();
      await nextState(link, "disconnected");
      const started = Date.now();
      await Promise.all([link.close(), link.close()]);
      assert.ok(Date.now() - started < 500);
      await assert.rejects(link.publish({ topic: "t", payload: "p", retain: false }), { code: "MQTT_OFFLINE" });
    });

    it("ends within two seconds when the broker does not answer, rejecting what is in flight", async () => {
      const link = open({ url: proxy.url });
      await nextConnection(link);
      const subscriber = await listen();
      proxy.hold();
      const published = assert.rejects(link.publish({ topic: "t", payload: "p", retain: false }), {
        code: "MQTT_OFFLINE",
      });
      const started = Date.now();
      await link.close();
      const elapsed = Date.now() - started;
      assert.ok(elapsed >= 1_900 && elapsed < 2_900, `${elapsed} ms`);
      await published;
      await subscriber.waitFor(saying(WILL_TOPIC, "offline"));
    });

    it("waits for what is in flight while the broker answers", async () => {
      const link = open();
      await nextConnection(link);
      const published = Promise.all(
        Array.from({ length: 50 }, () => link.publish({ topic: "t", payload: "p", retain: false })),
      );
      await link.close();
      await published;
    });
  });

  describe("subscribing", () => {
    for (const filter of ["", "a/#/b", "a/b#", "a+/b", "a\0b"]) {
      it(`refuses the filter ${JSON.stringify(filter)}`, () => {
        assert.throws(() => open().subscribe(filter, () => {}), { name: "InputError", code: "MQTT_TOPIC" });
      });
    }

    const filters: [string, string[]][] = [
      ["a/+/c", ["a/b/c", "a//c"]],
      ["a/#", ["a", "a/b/c", "a//c", "a/b/d"]],
      ["+/b/+", ["a/b/c", "a/b/d"]],
      ["a", ["a"]],
    ];
    for (const [filter, heard] of filters) {
      it(`hears with ${filter} what fits it`, async () => {
        const link = open();
        await nextConnection(link);
        const topics: string[] = [];
        link.subscribe(filter, (_payload, _retained, topic) => topics.push(topic));
        link.subscribe("end", () => topics.push("end"));
        for (const topic of ["a", "a/b/c", "a//c", "a/b/d", "b/a", "end"]) {
          await link.publish({ topic, payload: "p", retain: false });
        }
        await eventually(() => topics.at(-1) === "end", "the end");
        assert.deepEqual(topics.slice(0, -1), heard);
      });
    }

    it("finds out what the broker keeps, however much that is, and leaves again", async () => {
      const link = open();
      await nextConnection(link);
      const publisher = await connectAsync(broker.url);
      // More than Mosquitto queues for a subscriber.
      const kept = Array.from({ length: 1_500 }, (_, index) => `kept/${index}`);
      await Promise.all(kept.map((topic) => publisher.publishAsync(topic, topic, { retain: true, qos: 1 })));
      await publisher.publishAsync("passing/1", "p", { qos: 1 });
      const found = await keptMessages(link, ["kept/+", "passing/+", "nothing"], systemClock);
      assert.deepEqual([...found.keys()].sort(), kept.sort());
      assert.equal(found.get("kept/7")?.toString(), "kept/7");
      assert.equal((await keptMessages(link, ["nothing"], systemClock)).size, 0);
      await publisher.endAsync();
    });

    it("hears what comes later and what the broker had kept, and tells them apart", async () => {
      const link = open();
      const heard: [string, boolean][] = [];
      const said = new Promise<void>((resolve) => {
        link.subscribe("command", (payload, retained) => {
          heard.push([payload.toString(), retained]);
          if (!retained) resolve();
        });
      });
      const other = await connectAsync(broker.url);
      await other.publishAsync("command", "kept", { qos: 1, retain: true });
      if (!link.connected) await nextConnection(link);
      await other.publishAsync("command", "live", { qos: 1 });
      await said;
      await other.endAsync();
      assert.deepEqual(heard.at(-1), ["live", false]);
    });

    it("subscribes again when the broker comes back without memory", async () => {
      const link = open();
      await nextConnection(link);
      const heard = new Promise<string>((resolve) => {
        link.subscribe("command", (payload) => resolve(payload.toString()));
      });
      const reconnected = nextConnection(link);
      await broker.restart();
      await reconnected;
      await link.publish({ topic: "command", payload: "go", retain: false });
      assert.equal(await heard, "go");
    });

    it("stops when told, without disturbing other listeners", async () => {
      const link = open();
      await nextConnection(link);
      const heard: string[] = [];
      const endFirst = link.subscribe("a", () => heard.push("first"));
      const endSecond = link.subscribe("a", () => heard.push("second"));
      let ended = () => {};
      link.subscribe("end", () => ended());
      const round = async () => {
        const end = new Promise<void>((resolve) => {
          ended = resolve;
        });
        for (const topic of ["a", "end"]) await link.publish({ topic, payload: "", retain: false });
        await end;
      };
      await round();
      endFirst();
      await round();
      endSecond();
      endSecond();
      await round();
      assert.deepEqual(heard, ["first", "second", "second"]);
    });

    it("logs a listener that throws, and goes on", async () => {
      const link = open();
      link.onConnect(() => {
        throw new Error("first trouble");
      });
      await nextConnection(link);
      link.subscribe("a", () => {
        throw new Error("second trouble");
      });
      const heard = new Promise<void>((resolve) => {
        link.subscribe("a", () => resolve());
      });
      await link.publish({ topic: "a", payload: "", retain: false });
      await heard;
      assert.deepEqual(logged.slice(1), [
        "MQTT listener failed: first trouble",
        "MQTT listener failed: second trouble",
      ]);
    });
  });

  describe("trouble", () => {
    it("is told by the state", async () => {
      const link = open({ url: proxy.url });
      assert.equal(link.state, "connecting");
      const states: LinkState[] = [];
      link.onState((state) => states.push(state));
      await nextConnection(link);
      proxy.cut();
      await nextState(link, "disconnected");
      proxy.admit();
      await nextState(link, "connected");
      await link.close();
      assert.deepEqual(states, ["connected", "disconnected", "connected", "disconnected"]);
    });

    it("is logged once in each outage, without credentials", async () => {
      const link = open({ url: `mqtt://user:pa55word@127.0.0.1:${broker.port}` });
      await nextConnection(link);
      for (const _ of [1, 2]) {
        logged.length = 0;
        await broker.stop();
        await nextState(link, "disconnected");
        await eventually(() => logged.some((line) => line.includes("ECONNREFUSED")), "the refusal");
        const reconnected = nextConnection(link);
        await broker.restart();
        await reconnected;
        assert.deepEqual(
          logged.filter((line) => line.includes("ECONNREFUSED")),
          [`MQTT broker ${broker.url}: connect ECONNREFUSED 127.0.0.1:${broker.port}`],
        );
        assert.doesNotMatch(logged.join("\n"), /user|pa55word/);
      }
    });

    it("keeps trying with a wrong password, and says so once, without the password", async () => {
      const guarded = await startBroker({ username: "vigil", password: "right-secret" });
      const hop = await startProxy(guarded.port);
      try {
        const link = open({ url: hop.url, username: "vigil", password: "wrong-secret" });
        await eventually(() => hop.connections >= 3, "three connections");
        assert.equal(link.connected, false);
        assert.deepEqual(logged, [`MQTT broker ${hop.url}: Connection refused: Not authorized`]);

        const trusted = open({ url: guarded.url.replace("//", "//vigil:right-secret@"), clientId: "vigil-right" });
        await nextConnection(trusted);
        assert.doesNotMatch(logged.join("\n"), /secret/);
        await Promise.all([link.close(), trusted.close()]);
      } finally {
        await hop.close();
        await guarded.stop();
      }
    });
  });
});

function nextConnection(link: MqttLink): Promise<void> {
  return new Promise((resolve) => {
    const end = link.onConnect(() => {
      end();
      resolve();
    });
  });
}

function nextState(link: MqttLink, wanted: LinkState): Promise<void> {
  return new Promise((resolve) => {
    if (link.state === wanted) return resolve();
    const end = link.onState((state) => {
      if (state !== wanted) return;
      end();
      resolve();
    });
  });
}

const text = (message: ReceivedMessage) => message.payload.toString();
const about = (topic: string) => (message: ReceivedMessage) => message.topic === topic;
const saying = (topic: string, payload: string) => (message: ReceivedMessage) =>
  message.topic === topic && text(message) === payload;
