import assert from "node:assert/strict";
import type { MqttPacket } from "../../../lib/domain/mqtt-packet.ts";
import { siteTopics } from "../../../lib/domain/topics.ts";
import {
  cameraDiscovery,
  type DiscoverySite,
  gpuDiscovery,
  hubDiscovery,
} from "../../../lib/homeassistant/discovery.ts";
import { CAMERA_ENTITIES } from "../../../lib/homeassistant/entities/camera.ts";
import { GPU_ENTITIES } from "../../../lib/homeassistant/entities/gpu.ts";
import { HUB_ENTITIES } from "../../../lib/homeassistant/entities/hub.ts";
import { type Entity, takesCommands } from "../../../lib/homeassistant/entity.ts";
import { checkDiscovery } from "./contract.ts";

function site(siteId = "home", prefix = "vigil"): DiscoverySite {
  return {
    siteId,
    siteName: "Home",
    topics: siteTopics(prefix, siteId),
    discoveryPrefix: "homeassistant",
    version: "1.2.3",
  };
}

const gpu = { gpu_id: "9d8fd594", name: "NVIDIA H200" };
const front = { camera_id: "front_door", name: "Front door" };

function read({ payload }: MqttPacket): Record<string, unknown> {
  return JSON.parse(payload.toString());
}

function find(packets: MqttPacket[], topic: string): Record<string, unknown> {
  const packet = packets.find((each) => each.topic === topic);
  assert.ok(packet, `${topic} is not among ${packets.map((each) => each.topic).join(", ")}`);
  return read(packet);
}

describe("discovery", () => {
  for (const siteId of ["home", "site-2", "a_b", "1"]) {
    it(`keeps the contract with Home Assistant 2024.3 on site ${siteId}`, () => {
      const cameras = [front, { camera_id: "hub", name: "Hub" }, { camera_id: "running", name: "玄関" }];
      const packets = [
        ...hubDiscovery(site(siteId, "home/vigil")),
        ...cameras.flatMap((camera) => cameraDiscovery({ ...site(siteId, "home/vigil"), camera })),
        ...gpuDiscovery({ ...site(siteId, "home/vigil"), gpu }),
      ];
      checkDiscovery(packets, "homeassistant");
      assert.equal(
        packets.length,
        Object.keys(HUB_ENTITIES).length +
          cameras.length * Object.keys(CAMERA_ENTITIES).length +
          Object.keys(GPU_ENTITIES).length,
      );
    });
  }

  it("gives the hub, every camera, even one called hub or like a card, and every card a device of its own", () => {
    const identifiers = [
      ...hubDiscovery(site()),
      ...["hub", "gpu_9d8fd594"].flatMap((id) => cameraDiscovery({ ...site(), camera: { camera_id: id, name: id } })),
      ...gpuDiscovery({ ...site(), gpu }),
    ].map((packet) => JSON.stringify(Object(read(packet).device).identifiers));
    assert.equal(new Set(identifiers).size, 4);
  });

  it("renders a sensor in full", () => {
    const packets = cameraDiscovery({ ...site("my-site"), camera: front });
    assert.deepEqual(find(packets, "homeassistant/sensor/vigil_my-site_front_door_risk_score/config"), {
      name: "Risk score",
      state_class: "measurement",
      suggested_display_precision: 0,
      icon: "mdi:gauge",
      state_topic: "vigil/my-site/camera/front_door/risk_score",
      availability: [{ topic: "vigil/my-site/availability" }],
      device: {
        identifiers: ["vigil_my-site_front_door"],
        name: "Front door",
        manufacturer: "Vigil",
        model: "Camera",
        via_device: "vigil_my-site",
      },
      unique_id: "vigil_my-site_front_door_risk_score",
      object_id: "vigil_my-site_front_door_risk_score",
      default_entity_id: "sensor.vigil_my_site_front_door_risk_score",
      qos: 1,
      origin: { name: "node-red-contrib-vigil", sw_version: "1.2.3" },
    });
  });

  it("gives a picture its image topic", () => {
    const message = find(
      cameraDiscovery({ ...site(), camera: front }),
      "homeassistant/image/vigil_home_front_door_last_picture/config",
    );
    assert.equal(message.image_topic, "vigil/home/camera/front_door/last_picture");
    assert.equal(message.content_type, "image/jpeg");
    assert.equal("state_topic" in message, false);
  });

  it("lists every type that an event can have", () => {
    const message = find(
      cameraDiscovery({ ...site(), camera: front }),
      "homeassistant/event/vigil_home_front_door_security/config",
    );
    assert.deepEqual(message.event_types, ["low", "medium", "high", "critical", "not_analyzed"]);
  });

  it("shows the hub as off, not as unavailable, while Vigil is away", () => {
    const message = find(hubDiscovery(site()), "homeassistant/binary_sensor/vigil_home_running/config");
    assert.equal(message.state_topic, "vigil/home/availability");
    assert.equal(message.payload_on, "online");
    assert.equal(message.payload_off, "offline");
    assert.equal("availability" in message, false);
  });

  it("keeps no entity on at the broker that turns itself off", () => {
    for (const entity of Object.values<Entity>(CAMERA_ENTITIES)) {
      if ("off_delay" in entity) assert.notEqual(entity.retained, true, entity.name);
    }
  });

  it("keeps at the broker what people have set, and no press of a button", () => {
    for (const entity of [...Object.values<Entity>(CAMERA_ENTITIES), ...Object.values<Entity>(HUB_ENTITIES)]) {
      if (takesCommands(entity)) assert.equal(entity.retained, entity.platform !== "button", entity.name);
    }
  });

  it("says where commands go to", () => {
    const packets = cameraDiscovery({ ...site(), camera: front });
    const threshold = find(packets, "homeassistant/number/vigil_home_front_door_risk_threshold/config");
    assert.equal(threshold.state_topic, "vigil/home/camera/front_door/risk_threshold");
    assert.equal(threshold.command_topic, "vigil/home/camera/front_door/risk_threshold/set");
    const snooze = find(packets, "homeassistant/button/vigil_home_front_door_snooze/config");
    assert.equal(snooze.command_topic, "vigil/home/camera/front_door/snooze/set");
    assert.equal("state_topic" in snooze, false);
  });

  it("says where the causes of a problem are", () => {
    const problem = find(hubDiscovery(site()), "homeassistant/binary_sensor/vigil_home_problem/config");
    assert.equal(problem.json_attributes_topic, "vigil/home/hub/problem/attributes");
  });

  for (const siteId of ["", "Home", "a b", "a/b", "é"]) {
    it(`refuses the site id "${siteId}"`, () => {
      const refusal = { name: "ConfigError", code: "SITE_ID" };
      assert.throws(() => hubDiscovery(site(siteId)), refusal);
      assert.throws(() => cameraDiscovery({ ...site(siteId), camera: front }), refusal);
    });
  }
});

describe("the discovery contract", () => {
  const [hub, camera] = [hubDiscovery(site()), cameraDiscovery({ ...site(), camera: front })];

  /** Every message with `change` over it. */
  const changed = (change: (message: Record<string, unknown>) => object): MqttPacket[] =>
    [...hub, ...camera].map((packet) => ({
      ...packet,
      payload: JSON.stringify({ ...read(packet), ...change(read(packet)) }),
    }));

  const broken: [string, MqttPacket[]][] = [
    ["a mistyped key", changed(() => ({ off_dealy: 30 }))],
    ["an icon that is none", changed(() => ({ icon: "camera" }))],
    ["a device key of a later version", changed(({ device }) => ({ device: { ...Object(device), model_id: "x" } }))],
    ["an unknown origin key", changed(() => ({ origin: { name: "x", url: "https://example.com" } }))],
    ["a message without a device", changed(() => ({ device: undefined }))],
    ["a camera before its hub", [...camera, ...hub]],
    ["one unique id twice", [...hub, ...hub]],
    ["a message that is not retained", hub.map((packet) => ({ ...packet, retain: false }))],
    [
      "a platform that 2024.3 does not have",
      hub.map((packet) => ({ ...packet, topic: packet.topic.replace("binary_sensor", "notify") })),
    ],
    ["the device form", hub.map((packet) => ({ ...packet, topic: "homeassistant/device/vigil_home/config" }))],
    ["a state below the discovery prefix", changed(() => ({ state_topic: "homeassistant/state" }))],
  ];
  for (const [what, packets] of broken) {
    it(`does not take ${what}`, () => {
      assert.throws(() => checkDiscovery(packets, "homeassistant"));
    });
  }
});
