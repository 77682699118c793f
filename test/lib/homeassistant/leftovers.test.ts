import assert from "node:assert/strict";
import { siteTopics } from "../../../lib/domain/topics.ts";
import { cameraDiscovery, hubDiscovery } from "../../../lib/homeassistant/discovery.ts";
import { clearingPackets } from "../../../lib/homeassistant/leftovers.ts";

function site(siteId = "home", prefix = "vigil") {
  const topics = siteTopics(prefix, siteId);
  return { siteId, siteName: siteId, topics, discoveryPrefix: "homeassistant", version: "1.2.3" };
}

const { topics } = site();
const hub = hubDiscovery(site());
const porch = cameraDiscovery({ ...site(), camera: { camera_id: "porch", name: "Porch" } });
const kept = (packets: readonly { topic: string; payload: string | Buffer }[]) =>
  new Map(packets.map(({ topic, payload }) => [topic, Buffer.from(payload)]));
const topicsOf = (packets: readonly { topic: string }[]) => packets.map(({ topic }) => topic);

describe("clearing what is left at the broker", () => {
  it("clears the discovery that is not wanted, and the states of its entities", () => {
    const states = ["summary", "last_alert", "false_alarm"].map((key) => ({
      topic: topics.camera("porch", key),
      payload: "x",
    }));
    const cleared = clearingPackets(kept([...hub, ...porch, ...states]), new Set(topicsOf(hub)), topics);
    assert.deepEqual(
      topicsOf(cleared).sort(),
      [...topicsOf(porch), topics.camera("porch", "summary"), topics.camera("porch", "last_alert")].sort(),
    );
    assert.ok(cleared.every(({ payload, retain }) => payload === "" && retain));
  });

  it("clears nothing that is wanted, and never the availability", () => {
    assert.deepEqual(clearingPackets(kept([...hub, ...porch]), new Set(topicsOf([...hub, ...porch])), topics), []);
    const availability = { topic: topics.availability, payload: "online" };
    const cleared = clearingPackets(kept([...hub, availability]), new Set(), topics);
    assert.ok(!topicsOf(cleared).includes(topics.availability));
    assert.deepEqual(topicsOf(cleared).sort(), topicsOf(hub).sort());
  });

  const [first] = porch;
  assert.ok(first);
  const { topic } = first;
  const own = JSON.parse(first.payload.toString());
  const foreign: [string, string][] = [
    ["of another package", JSON.stringify({ ...own, origin: { name: "zigbee2mqtt" } })],
    ["without an origin", JSON.stringify({ ...own, origin: undefined })],
    ["of another site", JSON.stringify({ ...own, availability: [{ topic: site("cabin").topics.availability }] })],
    [
      "of the same site below another prefix",
      JSON.stringify({ ...own, availability: [{ topic: "x/home/availability" }] }),
    ],
    ["that is no JSON", "{"],
    ["that is no object", "[]"],
    ["with an availability that is no list", JSON.stringify({ ...own, availability: "online" })],
  ];
  for (const [what, payload] of foreign) {
    it(`leaves a message ${what} alone`, () => {
      assert.deepEqual(clearingPackets(kept([{ topic, payload }]), new Set(), topics), []);
    });
  }

  it("leaves states alone whose entity nobody takes away", () => {
    const state = { topic: topics.camera("porch", "summary"), payload: "x" };
    assert.deepEqual(clearingPackets(kept([state]), new Set(), topics), []);
  });
});
