/** Vigil as Home Assistant shows it, from discovery over uploads to restarts of each part. */
import assert from "node:assert/strict";
import type { HassEntity } from "home-assistant-js-websocket";
import { siteTopics } from "../../../lib/domain/topics.ts";
import { eventually } from "../../support/eventually.ts";
import { type Subscriber, subscribe } from "../../support/subscriber.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import {
  AN_INSTANT,
  CAMERA_AFTER_UPLOAD,
  cameraEntity,
  type ExpectedDevice,
  type ExpectedState,
  expectedCamera,
  HUB,
  HUB_AT_REST,
  hubEntity,
} from "./expected.ts";
import { House, SITE, VERDICT } from "./house.ts";
import type { Entry } from "./log.ts";
import { VERSIONS } from "./versions.ts";

/** The first time, the machine gets Home Assistant in it. */
const SETUP_MS = 600_000;
const PATIENCE_MS = 60_000;
const topics = siteTopics("vigil", SITE);

for (const version of VERSIONS) {
  describe(`Vigil in Home Assistant ${version.homeAssistant}`, function () {
    this.timeout(240_000);
    const began = new Date();
    let house: House;
    let subscriber: Subscriber;

    before(async function () {
      this.timeout(SETUP_MS);
      house = await House.start(version);
      subscriber = await subscribe(house.broker.url, "#");
    });
    after(async () => {
      await subscriber?.close();
      await house?.close();
      removeTempFolders();
    });

    const api = () => house.homeAssistant.api;
    const stateOf = (entityId: string, expected: ExpectedState) =>
      api().state(
        entityId,
        ({ state }) => (typeof expected === "string" ? state === expected : expected.test(state)),
        PATIENCE_MS,
      );
    /** The events that an event entity has fired for, by its history: its state is the time when it last did. */
    const firings = async (cameraId: string, key: "security" | "alert") => {
      const past = await api().history(cameraEntity(cameraId, key), began);
      const byTime = new Map(past.map(({ state, attributes }) => [state, attributes.event_id]));
      return [...byTime].flatMap(([state, eventId]) => (AN_INSTANT.test(state) ? [eventId] : []));
    };
    /** Uploads a picture, and waits until the event entity has fired for it. */
    const uploadAndFire = async (camera: string, cameraId: string): Promise<HassEntity> => {
      const entityId = cameraEntity(cameraId, "security");
      const before = api().states[entityId]?.attributes.event_id;
      await house.upload(camera);
      const fired = ({ state, attributes }: HassEntity) => AN_INSTANT.test(state) && attributes.event_id !== before;
      return api().state(entityId, fired, PATIENCE_MS);
    };
    const assertRegistered = async (device: ExpectedDevice, via: string | null) => {
      const devices = await api().devices();
      const find = (id: string) => devices.find(({ identifiers }) => identifiers.some(([, own]) => own === id));
      const found = find(device.id) ?? assert.fail(`no device ${device.id}`);
      assert.deepEqual([found.name, found.model, found.manufacturer], [device.name, device.model, "Vigil"]);
      assert.equal(found.via_device_id, via === null ? null : find(via)?.id);
      const entities = (await api().entities()).filter(({ device_id }) => device_id === found.id);
      assert.deepEqual(
        entities.map(({ entity_id, unique_id, entity_category }) => [unique_id, entity_id, entity_category]).sort(),
        device.entities.map(({ uniqueId, entityId, category }) => [uniqueId, entityId, category]).sort(),
      );
    };
    const assertShown = async (device: ExpectedDevice, states: Readonly<Record<string, ExpectedState>>) => {
      for (const { key, entityId, attributes } of device.entities) {
        const shown = await stateOf(entityId, states[key] ?? assert.fail(`no expected state of ${key}`));
        const own = Object.keys(attributes).map((name) => [name, shown.attributes[name]]);
        assert.deepEqual(Object.fromEntries(own), attributes, entityId);
      }
    };
    /**
     * Has all that must outlive a restart come back as it was, after what `interrupt` does; of a camera that has one event,
     * and gets another. The answer is the events' ids.
     */
    const assertSurvives = async (camera: string, cameraId: string, interrupt: () => Promise<void>) => {
      const { entities } = expectedCamera(cameraId, camera);
      const first = await uploadAndFire(camera, cameraId);
      await stateOf(cameraEntity(cameraId, "alert"), AN_INSTANT);
      await stateOf(cameraEntity(cameraId, "events_today"), "1");
      // A picture's state is the time when it last came.
      const lasting = entities.filter(
        ({ retained, platform }) => (retained === true || platform === "event") && platform !== "image",
      );
      const before = lasting.map(({ entityId }) => [entityId, api().states[entityId]?.state] as const);
      await interrupt();
      for (const [entityId, state = ""] of before) await stateOf(entityId, state);
      await stateOf(cameraEntity(cameraId, "vehicle"), "off");
      for (const key of ["last_picture", "last_alert"] as const) await stateOf(cameraEntity(cameraId, key), AN_INSTANT);
      await assertShown(HUB, HUB_AT_REST);
      const second = await uploadAndFire(camera, cameraId);
      return [first.attributes.event_id, second.attributes.event_id];
    };
    const assertFired = async (cameraId: string, eventIds: readonly unknown[]) => {
      // The recorder writes a moment later.
      const recorded = async () => (await firings(cameraId, "security")).length >= eventIds.length;
      await eventually(recorded, "the history", PATIENCE_MS);
      assert.deepEqual(await firings(cameraId, "security"), eventIds);
      const alerts = await firings(cameraId, "alert");
      assert.equal(new Set(alerts).size, alerts.length, "an alert fired twice");
    };

    it("shows a new camera, with all that its first picture means", async () => {
      const camera = expectedCamera("front_door", "Front Door");
      await house.upload("Front Door");
      await assertShown(camera, CAMERA_AFTER_UPLOAD);
      await assertRegistered(camera, HUB.id);
    });

    it("shows the hub", async () => {
      await assertShown(HUB, HUB_AT_REST);
      await assertRegistered(HUB, null);
    });

    it("fires once for an upload, with the event as attributes", async () => {
      await house.upload("Yard");
      const { attributes } = await stateOf(cameraEntity("yard", "security"), AN_INSTANT);
      const { event_type, summary, risk_score, risk_level, reasoning, entities, flags, camera_id } = attributes;
      assert.deepEqual(
        { event_type, summary, risk_score, risk_level, reasoning, entities, flags, camera_id },
        {
          event_type: "high",
          risk_level: "high",
          camera_id: "yard",
          summary: VERDICT.summary,
          risk_score: VERDICT.risk_score,
          reasoning: VERDICT.reasoning,
          entities: VERDICT.entities,
          flags: VERDICT.flags,
        },
      );
      const second = await uploadAndFire("Yard", "yard");
      await assertFired("yard", [attributes.event_id, second.attributes.event_id]);
    });

    it("has everything again after a restart of Home Assistant, and fires nothing twice", async () => {
      const ids = await assertSurvives("Garage", "garage", () => house.homeAssistant.restart());
      await assertFired("garage", ids);
    });

    it("has everything again after a restart of a broker that keeps nothing", async () => {
      const ids = await assertSurvives("Porch", "porch", async () => {
        await house.broker.stop();
        await stateOf(hubEntity("running"), "unavailable");
        await house.broker.start();
      });
      await assertFired("porch", ids);
    });

    it("stops detection for a camera by an action, and takes it up again", async () => {
      const entity_id = cameraEntity("drive", "detection");
      const first = await uploadAndFire("Drive", "drive");
      await api().call("switch", "turn_off", {}, { entity_id });
      await stateOf(entity_id, "off");
      const asked = house.detector.requests.length;
      await house.upload("Drive");
      await eventually(() => house.skipped() === 1, "the skip", PATIENCE_MS);
      await api().call("switch", "turn_on", {}, { entity_id });
      await stateOf(entity_id, "on");
      const second = await uploadAndFire("Drive", "drive");
      assert.equal(house.detector.requests.length, asked + 1);
      await assertFired("drive", [first.attributes.event_id, second.attributes.event_id]);
    });

    it("is unavailable while Node-RED is away, and then as it was", async () => {
      const ids = await assertSurvives("Shed", "shed", async () => {
        await house.stopNodeRed();
        await stateOf(cameraEntity("shed", "risk_score"), "unavailable");
        await stateOf(hubEntity("running"), "off");
        await house.startNodeRed();
      });
      await assertFired("shed", ids);
    });

    it("fires for no second event when Node-RED was killed with the first on its way", async () => {
      const topic = topics.camera("attic", "security");
      await uploadAndFire("Attic", "attic");
      const heard = subscriber.messages.length;
      await house.upload("Attic");
      const isNew = () => subscriber.messages.slice(heard).some((message) => message.topic === topic);
      await subscriber.waitFor(isNew, PATIENCE_MS);
      await house.killNodeRed();
      await stateOf(cameraEntity("attic", "risk_score"), "unavailable");
      await house.startNodeRed();
      await stateOf(cameraEntity("attic", "risk_score"), String(VERDICT.risk_score));
      const last = await uploadAndFire("Attic", "attic");
      const fired = () => firings("attic", "security");
      await eventually(async () => (await fired()).includes(last.attributes.event_id), "the history", PATIENCE_MS);
      assert.equal(new Set(await fired()).size, 3);
    });

    it("turns motion off by itself", async () => {
      await stateOf(cameraEntity("attic", "motion"), "off");
      await stateOf(cameraEntity("attic", "person"), "off");
    });

    it("gives Home Assistant no reason to complain", async () => {
      // Its client says so when the broker goes away, and does not name what is ours.
      const isOurs = ({ logger, text }: Entry) =>
        [`vigil/${SITE}/`, HUB.id].some((ours) => text.includes(ours)) || /\.mqtt\b(?!\.client)/.test(logger);
      const complaints = house.homeAssistant.log.filter((entry) => entry.level !== "INFO" && isOurs(entry));
      assert.deepEqual(complaints, []);
    });
  });
}
