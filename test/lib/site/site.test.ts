import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../lib/resilience/clock.ts";
import type { Logger } from "../../../lib/resilience/logger.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { SharedSite } from "../../../lib/site/shared-site.ts";
import { Site } from "../../../lib/site/site.ts";
import { fillDisk, removeSmallDisks, smallDisk } from "../../support/small-disk.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { spoil } from "../store/support.ts";

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function openSite(dataDir: string | null, config: object = {}, log: Logger = logger): Site {
  return new Site({
    config: SiteConfig.parse(config),
    dataDir,
    clock: systemClock,
    logger: log,
    onMqttState: () => {},
  });
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

  it("gives its lock back where its store turns out corrupt", async () => {
    const folder = tempFolder();
    await openSite(folder).close();
    spoil(folder, "hazards");
    assert.throws(() => openSite(folder), { code: "STORE_CORRUPT" });
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
    const listed = { id: "porch", folder: "cam1", name: "The porch", timeZone: "Asia/Tokyo", purpose: "parcels" };
    const site = openSite(null, { timeZone: "UTC", cameras: [listed, { id: "gate", folder: "Gate cam" }] });
    site.claimCamera("yard", "Back Yard");
    const known = ["porch", "gate", "yard", "other"].map((id) => site.camera(id));
    assert.deepEqual(
      known.map(({ name, time_zone, purpose }) => [name, time_zone, purpose]),
      [
        ["The porch", "Asia/Tokyo", "parcels"],
        ["Gate cam", "UTC", ""],
        ["Back Yard", "UTC", ""],
        ["other", "UTC", ""],
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

describe("Site on a faulty disk", () => {
  after(removeTempFolders);
  afterEach(removeSmallDisks);

  it("says what was set aside, where, and what the new database begins with", async () => {
    const folder = tempFolder();
    await openSite(folder).close();
    const database = join(folder, "vigil.db");
    const backup = join(folder, "backup", "vigil.db");
    mkdirSync(join(folder, "backup"));
    copyFileSync(database, backup);
    const from = Date.parse("2026-11-20T03:00:00.000Z");
    utimesSync(backup, from / 1_000, from / 1_000);
    const errors: string[] = [];
    for (const part of ["a", "b"]) {
      writeFileSync(database, part.repeat(10_000));
      await openSite(folder, {}, { ...logger, error: (message) => errors.push(message) }).close();
      rmSync(backup, { force: true });
    }
    const [first = "", second = ""] = errors;
    assert.equal(errors.length, 2);
    assert.match(
      first,
      /^The database was corrupt, empty or missing, and what there was of it is now \S+\/vigil\.db\.corrupt-\d{8}T\d{6}Z; .* backup of 2026-11-20T03:00:00\.000Z/,
    );
    assert.match(second, /no backup/);
  });

  it("removes the temporary files that killed processes have left", async () => {
    const folder = tempFolder();
    for (const name of ["thumbnails", "inbox"]) {
      mkdirSync(join(folder, name));
      for (const file of ["a.jpg", `b.jpg.${randomUUID()}.1.tmp`]) writeFileSync(join(folder, name, file), "");
    }
    await openSite(folder).close();
    for (const name of ["thumbnails", "inbox"]) assert.deepEqual(readdirSync(join(folder, name)), ["a.jpg"]);
  });

  it("gives its ballast up for a file that has no room", async function () {
    const disk = smallDisk(this, 4);
    const site = openSite(disk);
    writeFileSync(join(disk, "ballast"), Buffer.alloc(100_000, 1));
    fillDisk(disk);
    const write = () => site.writeFile(site.file("thumbnails", "a.jpg"), Buffer.alloc(50_000));
    await assert.rejects(write(), { code: "DISK_FULL", retryable: true });
    assert.equal(existsSync(join(disk, "ballast")), false);
    await write();
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

  it("opens anew where its store turns out corrupt, which is then set aside", async () => {
    const folder = tempFolder();
    await openSite(folder).close();
    spoil(folder, "hazards");
    const shared = new SharedSite(() => openSite(folder));
    const site = shared.acquire();
    assert.match(site.store.setAside?.path ?? "", /corrupt/);
    site.store.cameras.know("yard", "2026-01-01T00:00:00.000Z");
    shared.release();
    await shared.close();
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
