/** A disk that fills up in the middle of everything: the flow waits, and ends its work when there is room again. */
import { deepEqual, equal } from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { makeBallast } from "../../lib/store/ballast.ts";
import { type DetectorServer, startDetectorServer } from "../support/detector-server.ts";
import { eventually } from "../support/eventually.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { leftovers, violations } from "../support/invariants.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { scene } from "../support/pictures.ts";
import { fillDisk, removeSmallDisks, smallDisk } from "../support/small-disk.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PERSON = { class: "person", confidence: 0.8, bbox: { x: 100, y: 40, width: 60, height: 120 } };
const DISK_MEGABYTES = 8;

describe("a full disk", function () {
  this.timeout(60_000);
  let detector: DetectorServer;
  let broker: Broker;
  let flow: Flow | null = null;

  beforeEach(async () => {
    detector = await startDetectorServer();
    detector.answer([PERSON]);
    broker = await startBroker();
  });

  afterEach(async () => {
    await flow?.stop();
    await Promise.all([detector.close(), broker.stop()]);
    removeSmallDisks();
    removeTempFolders();
  });

  it("makes everything wait and loses nothing", async function () {
    const disk = smallDisk(this, DISK_MEGABYTES);
    const data = join(disk, "data");
    const database = join(data, "vigil.db");
    mkdirSync(data);
    await makeBallast(data, new AbortController().signal);
    const cameras = tempFolder();
    let dropped = 0;
    const drop = async (count: number) => {
      for (let n = 0; n < count; n += 1, dropped += 1) {
        mkdirSync(join(cameras, "porch"), { recursive: true });
        writeFileSync(join(cameras, "porch", `${dropped}.jpg`), await scene(null, { seed: dropped }));
      }
    };
    let sent = 0;
    const send = async (count: number) => {
      for (let n = 0; n < count; n += 1, sent += 1) {
        flow?.send("detect", { payload: await scene(null, { seed: 1_000 + sent }), topic: "garden" });
      }
    };
    const count = (what: string) => {
      const db = new Database(database, { readonly: true });
      try {
        return db.prepare<[], number>(`SELECT count(*) FROM ${what}`).pluck().get();
      } finally {
        db.close();
      }
    };

    const site = "site";
    flow = await startFlow([
      { id: site, type: "vigil-site", dataDir: data, mqttUrl: broker.url, timeZone: "UTC" },
      { id: "watch", type: "foscam-watch", site, folder: cameras, wires: [["dedupe"], [], []] },
      { id: "dedupe", type: "dedupe", site, wires: [["detect"], [], []] },
      { id: "detect", type: "detect", site, url: detector.url, wires: [["batch"], [], []] },
      { id: "batch", type: "batch-window", site, idle: "1", wires: [["analyze"], []] },
      { id: "analyze", type: "nemotron-analyze", site, wires: [["alert"], []] },
      { id: "alert", type: "risk-alert", site, wires: [[], [], []] },
    ]);
    await drop(5);
    await send(5);
    await eventually(() => detector.requests.length > 2, "the work to begin");

    const giveBack = fillDisk(disk);
    await Promise.all([drop(10), send(10)]);
    await eventually(() => !existsSync(join(data, "ballast")), "the ballast to be dropped");
    await Promise.all([drop(10), send(10)]);
    fillDisk(disk);
    await Promise.all([drop(5), send(5)]);
    await eventually(() => flow?.log.some((line) => line.includes("messages wait")), "a message that waits");

    giveBack();
    // The watch would do so within a minute.
    flow.send("watch", { command: "scan" });
    await eventually(
      () => count("inspections") === dropped + sent && leftovers(database).length === 0,
      "all of it to be looked at",
      40_000,
    );
    deepEqual(violations(database), []);
    equal(count("account WHERE what = 'inspected'"), dropped + sent);
    equal(count("work WHERE state <> 'done'"), 0);
  });
});
