import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../lib/resilience/clock.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { SharedSite } from "../../../lib/site/shared-site.ts";
import { Site } from "../../../lib/site/site.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function openSite(dataDir: string | null, config: object = {}): Site {
  return new Site({ config: SiteConfig.parse(config), dataDir, clock: systemClock, logger, onMqttState: () => {} });
}

describe("Site", () => {
  after(removeTempFolders);

  it("gives its lock back when its MQTT settings cannot work", async () => {
    const folder = tempFolder();
    assert.throws(() => openSite(folder, { mqttUrl: "http://broker" }), { code: "MQTT_URL" });
    assert.throws(() => openSite(folder, { mqttUrl: "mqtts://broker", mqttCaFile: join(folder, "none.pem") }), {
      code: "MQTT_CA",
    });
    await openSite(folder).close();
  });

  it("in memory keeps its files until it closes", async () => {
    const site = openSite(null);
    writeFileSync(site.file("a.txt"), "a");
    assert.equal(existsSync(site.file("a.txt")), true);
    await site.close();
    assert.equal(existsSync(site.file("a.txt")), false);
  });

  it("knows a camera by its list, else by its folder, else by its id", async () => {
    const listed = { id: "porch", folder: "cam1", name: "The porch", timeZone: "Asia/Tokyo" };
    const site = openSite(null, { timeZone: "UTC", cameras: [listed, { id: "gate", folder: "Gate cam" }] });
    site.claimCamera("yard", "Back Yard");
    const known = ["porch", "gate", "yard", "other"].map((id) => site.camera(id));
    assert.deepEqual(
      known.map(({ name, time_zone }) => [name, time_zone]),
      [
        ["The porch", "Asia/Tokyo"],
        ["Gate cam", "UTC"],
        ["Back Yard", "UTC"],
        ["other", "UTC"],
      ],
    );
    assert.equal(site.listedId("cam1"), "porch");
    await site.close();
  });

  it("gives a camera id to the first folder that claims it", async () => {
    const site = openSite(null);
    site.store.cameras.know("front_door", "2026-01-01T00:00:00.000Z");
    assert.equal(site.claimCamera("front_door", "front-door"), "front-door");
    assert.equal(site.claimCamera("front_door", "Front Door"), "front-door");
    await site.close();
  });
});

describe("SharedSite", () => {
  after(removeTempFolders);

  it("opens with its first user, and closes when its last one has let go", async () => {
    const folder = tempFolder();
    let opened = 0;
    const shared = new SharedSite(() => {
      opened += 1;
      return openSite(folder);
    });
    assert.equal(opened, 0);
    const site = shared.acquire();
    assert.equal(shared.acquire(), site);
    let closed = false;
    const closing = shared.close().then(() => {
      closed = true;
    });
    shared.release();
    await new Promise(setImmediate);
    assert.equal(closed, false);
    site.store.cameras.know("still_open", "2026-01-01T00:00:00.000Z");
    shared.release();
    await closing;
    assert.equal(opened, 1);
    await openSite(folder).close();
  });

  it("that failed to open lets the next user try again", () => {
    let opened = 0;
    const shared = new SharedSite(() => {
      opened += 1;
      throw new Error("no");
    });
    assert.throws(() => shared.acquire());
    assert.throws(() => shared.acquire());
    assert.equal(opened, 2);
  });
});
