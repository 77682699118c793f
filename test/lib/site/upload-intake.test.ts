import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import Database from "better-sqlite3";
import type { Upload } from "../../../lib/domain/upload.ts";
import { HIGH_WATER } from "../../../lib/site/intake-queue.ts";
import { eventually } from "../../support/eventually.ts";
import { violations } from "../../support/invariants.ts";
import { scene } from "../../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { type Intake, type WatchedFolder, watchedFolder } from "./intake.ts";

describe("UploadIntake", () => {
  let picture: Buffer;
  let folder: string;
  let cameras: WatchedFolder;
  let intake: Intake | null = null;

  before(async () => {
    picture = await scene();
  });
  beforeEach(() => {
    folder = tempFolder();
    cameras = watchedFolder(folder);
  });
  afterEach(close);
  after(removeTempFolders);

  async function close(): Promise<void> {
    await intake?.close();
    intake = null;
  }

  async function start(...options: Parameters<WatchedFolder["open"]>): Promise<Intake> {
    intake = cameras.open(...options);
    await intake.watch.start();
    return intake;
  }

  /** Puts a file that was written so many minutes ago. */
  function putOld(name: string, minutes: number, bytes: Buffer | string = picture): void {
    cameras.put(name, bytes);
    const seconds = Date.now() / 1000 - minutes * 60;
    utimesSync(cameras.at(name), seconds, seconds);
  }

  /** Waits for so many files to be handed on or rejected. */
  async function sent(count: number): Promise<void> {
    await eventually(() => intake?.sent.length === count, `${count} messages, and not ${intake?.sent.length}`);
  }

  describe("a file", () => {
    it("is handed on with what is known of it, from a folder that is made where it is missing", async () => {
      const { names } = await start({ stableMs: 60_000 });
      cameras.put("Front Door/snap/MDAlarm_20260911-123100.jpg", picture);
      await sent(1);
      deepEqual(names(), ["Front Door/snap/MDAlarm_20260911-123100.jpg"]);
      deepEqual(cameras.rows("SELECT root, camera_id, state, captured_at, size FROM uploads"), [
        {
          root: cameras.root,
          camera_id: "front_door",
          state: "handed",
          captured_at: "2026-09-11T12:31:00.000Z",
          size: picture.length,
        },
      ]);
    });

    it("that is still written stays one upload, and its later version is another", async () => {
      await start({ stableMs: 10_000 });
      cameras.put("yard/a.jpg", picture.subarray(0, 500));
      const [found] = await eventually(() => {
        const rows = cameras.rows("SELECT upload_id, state FROM uploads");
        return rows.length > 0 && rows;
      }, "the row");
      equal(found?.state, "found");
      appendFileSync(cameras.at("yard/a.jpg"), picture.subarray(500));
      await sent(1);
      deepEqual(cameras.rows("SELECT upload_id, state, size FROM uploads"), [
        { ...found, state: "handed", size: picture.length },
      ]);
      cameras.put("yard/a.jpg", Buffer.concat([picture, picture]));
      await sent(2);
      equal(cameras.rows("SELECT 1 FROM uploads").length, 2);
    });

    it("that grew while nobody watched stays one upload", async () => {
      await start({ stableMs: 10_000 });
      cameras.put("yard/a.jpg", picture.subarray(0, 500));
      await eventually(() => cameras.rows("SELECT 1 FROM uploads").length === 1, "the row");
      await close();
      cameras.put("yard/a.jpg", picture);
      await start();
      await sent(1);
      deepEqual(cameras.rows("SELECT state, size FROM uploads"), [{ state: "handed", size: picture.length }]);
    });

    it("is rejected with the reason", async () => {
      await start();
      cameras.put("yard/text.jpg", "a text");
      cameras.put("yard/cut.jpg", picture.subarray(0, 500));
      cameras.put("stray.jpg", picture);
      await sent(3);
      const reasons = cameras.rows("SELECT path, state, reason FROM uploads ORDER BY path");
      deepEqual(
        reasons.map(({ path, state, reason }) => [path, state, String(reason).split(":")[0]]),
        [
          ["stray.jpg", "rejected", "NO_CAMERA"],
          ["yard/cut.jpg", "rejected", "TRUNCATED_IMAGE"],
          ["yard/text.jpg", "rejected", "NOT_AN_IMAGE"],
        ],
      );
    });

    it("is rejected undecoded where that has taken the process down five times", async () => {
      await start({ stableMs: 60_000 });
      cameras.put("yard/a.jpg", picture.subarray(0, 500));
      const [row] = await eventually(() => {
        const rows = cameras.rows("SELECT upload_id FROM uploads");
        return rows.length > 0 && rows;
      }, "the row");
      intake?.site.store.hazards.begin(`intake ${row?.upload_id}`, 5, Date.now());
      await close();
      await start();
      await sent(1);
      deepEqual(
        cameras.rows("SELECT state, reason FROM uploads").map(({ state, reason }) => `${state} ${reason}`.slice(0, 16)),
        ["rejected CRASHED"],
      );
    });

    it("that vanishes before its turn is gone, and is another upload when it comes back", async () => {
      const { watch } = await start({ stableMs: 60_000 });
      cameras.put("yard/a.jpg", "unfinished");
      cameras.put("yard/b.jpg", picture);
      await sent(1);
      await eventually(() => cameras.states()["yard/a.jpg"] === "found", "the row");
      rmSync(cameras.at("yard/a.jpg"));
      await eventually(() => cameras.states()["yard/a.jpg"] === "gone", "its end");
      cameras.put("yard/a.jpg", picture);
      await watch.scan();
      await sent(2);
    });

    const others: [string, (path: string, outside: string) => void][] = [
      ["a link to a picture outside", (path, outside) => symlinkSync(join(outside, "a.jpg"), path)],
      ["a FIFO", (path) => execFileSync("mkfifo", [path])],
      ["a folder", (path) => mkdirSync(path)],
    ];
    for (const [what, make] of others) {
      it(`whose place ${what} takes before its turn is gone, and nothing of that is taken`, async () => {
        const outside = join(folder, "outside");
        mkdirSync(outside);
        writeFileSync(join(outside, "a.jpg"), picture);
        await start({ stableMs: 60_000 });
        cameras.put("yard/a.jpg", "unfinished");
        await eventually(() => cameras.states()["yard/a.jpg"] === "found", "the row");
        make(join(folder, "other"), outside);
        rmSync(cameras.at("yard/a.jpg"));
        renameSync(join(folder, "other"), cameras.at("yard/a.jpg"));
        await eventually(() => cameras.states()["yard/a.jpg"] === "gone", "its end");
        cameras.put("yard/b.jpg", picture);
        await sent(1);
        deepEqual(intake?.names(), ["yard/b.jpg"]);
      });
    }

    it("whose folder becomes a link to one outside before its turn is gone, and nothing there is taken", async () => {
      await start({ stableMs: 60_000 });
      cameras.put("yard/a.jpg", "unfinished");
      cameras.put("porch/b.jpg", "unfinished");
      await eventually(() => cameras.states()["yard/a.jpg"] === "found", "the row");
      renameSync(cameras.at("yard"), join(folder, "outside"));
      writeFileSync(join(folder, "outside", "a.jpg"), picture);
      symlinkSync(join(folder, "outside"), cameras.at("yard"));
      await eventually(() => cameras.states()["yard/a.jpg"] === "gone", "its end");
      await intake?.watch.scan();
      deepEqual(intake?.names(), []);
    });

    it("is taken although its folder was away when its turn came", async () => {
      await start({ stableMs: 60_000 });
      cameras.put("yard/a.jpg", "unfinished");
      cameras.put("porch/b.jpg", picture);
      await sent(1);
      await eventually(() => cameras.states()["yard/a.jpg"] === "found", "the row");
      renameSync(cameras.at("yard"), join(folder, "away"));
      mkdirSync(cameras.at("yard"));
      await eventually(() => cameras.states()["yard/a.jpg"] === "gone", "its end");
      rmSync(cameras.at("yard"), { recursive: true });
      renameSync(join(folder, "away"), cameras.at("yard"));
      await intake?.watch.scan();
      equal(cameras.states()["yard/a.jpg"], "found");
      cameras.put("yard/a.jpg", picture);
      await sent(2);
    });

    it("that may not be read is told of once, and taken when it may", async function () {
      if (process.getuid?.() !== 0) return this.skip();
      cameras.put("yard/a.jpg", picture);
      cameras.put("yard/b.jpg", picture);
      chmodSync(folder, 0o755);
      chmodSync(cameras.at("yard/a.jpg"), 0);
      intake = cameras.open();
      const { errors, watch } = intake;
      try {
        process.seteuid?.(65_534);
        // The store belongs to root, and is open.
        await watch.start();
        await sent(1);
        await eventually(() => errors.length === 1, "the error");
        await watch.scan();
        process.seteuid?.(0);
        chmodSync(cameras.at("yard/a.jpg"), 0o644);
        await eventually(async () => {
          await watch.scan();
          return intake?.sent.length === 2;
        }, "the file");
        deepEqual(
          errors.map(({ code }) => code),
          ["UNREADABLE_FILE"],
        );
      } finally {
        process.seteuid?.(0);
      }
    });

    it("is not held up by those that are never finished", async () => {
      for (let index = 0; index < 100; index++) cameras.put(`stuck/${index}.jpg`, "unfinished");
      const { names } = await start({ stableMs: 60_000 });
      putOld("good/old.jpg", 60);
      cameras.put("good/new.jpg", picture);
      await sent(2);
      deepEqual(names().sort(), ["good/new.jpg", "good/old.jpg"]);
    });

    it("may have any time", async () => {
      cameras.put("yard/future.jpg", picture);
      utimesSync(cameras.at("yard/future.jpg"), 9e9, 9e9);
      cameras.put("yard/past.jpg", picture);
      utimesSync(cameras.at("yard/past.jpg"), -9e8, -9e8);
      await start();
      await sent(2);
    });

    it("is taken although the store was busy when it was whole", async () => {
      const { errors } = await start({ stableMs: 60_000 });
      cameras.put("yard/a.jpg", "unfinished");
      await eventually(() => cameras.states()["yard/a.jpg"] === "found", "the row");
      const intruder = new Database(cameras.database);
      try {
        intruder.exec("BEGIN IMMEDIATE");
        cameras.put("yard/a.jpg", picture);
        await eventually(() => errors.length === 1, "the error");
      } finally {
        intruder.close();
      }
      await sent(1);
      equal(errors[0]?.code, "STORE_FAILED");
    }).timeout(30_000);
  });

  describe("what was there before", () => {
    it("is taken when that is wanted", async () => {
      cameras.put("yard/a.jpg", picture);
      await eventually(() => Date.now() - statSync(cameras.at("yard/a.jpg")).ctimeMs > 50, "an old file");
      await start({ takeExisting: true });
      await sent(1);
    });

    it("is passed over for good when not, in however many scans and starts", async () => {
      for (let index = 0; index < 250; index++) cameras.put(`yard/${index}.jpg`, picture);
      await eventually(() => Date.now() - statSync(cameras.at("yard/249.jpg")).ctimeMs > 50, "old files");
      await start({ takeExisting: false });
      await intake?.watch.scan();
      await close();
      const { watch } = await start({ takeExisting: true });
      await watch.scan();
      deepEqual(cameras.rows("SELECT state, count(*) AS count FROM uploads GROUP BY state"), [
        { state: "baseline", count: 250 },
      ]);
      equal(watch.backlog, 0);
    });
  });

  describe("a backlog", () => {
    const worker = "detect";

    function queueJob({ site }: Intake, uploadId: string): number {
      const receipt = { nodeId: worker, stage: "detect", subjectId: uploadId, cameraId: "yard", priority: 0, now: 0 };
      return site.store.jobs.queue({ ...receipt, key: uploadId }, "{}") ?? 0;
    }

    it("goes behind what is live, in turns between the cameras, each oldest first", async () => {
      for (let index = 0; index < 20; index++) {
        putOld(`a/${index}.jpg`, 600 - index);
        if (index < 10) putOld(`b/${index}.jpg`, 300 - index);
      }
      for (const name of ["c/live-1.jpg", "a/live-2.jpg"]) cameras.put(name, picture);
      intake = cameras.open();
      const { names, watch, site } = intake;
      const inTheAir = Array.from({ length: HIGH_WATER }, () =>
        site.store.handovers.send("watch", 0, { kind: "upload", id: "another" }, "{}", Date.now()),
      );
      await watch.start();
      deepEqual(names(), []);
      for (const id of inTheAir) site.store.handovers.answer(id, null, 1);
      site.bus.emit("worked");
      await sent(32);
      // Eight are looked at side by side, so neighbours may change places.
      const order = names().map((name, place) => ({ name, place }));
      const placesOf = (wanted: RegExp) => order.filter(({ name }) => wanted.test(name)).map(({ place }) => place);
      ok(Math.max(...placesOf(/live/)) < 16, "live first");
      ok(Math.max(...placesOf(/^b/)) < 30, "b had its turns");
      const a = order.filter(({ name }) => /^a\/\d/.test(name)).map(({ name }) => Number(name.match(/\d+/)?.[0]));
      for (const [place, index] of a.entries()) ok(Math.abs(index - place) <= 8, `a/${index} came as the ${place}.`);
    });

    it("is brought while there is room at live detectors, and not beyond", async () => {
      for (let index = 0; index < 150; index++) putOld(`yard/${index}.jpg`, 600);
      intake = cameras.open();
      const opened = intake;
      opened.site.workers.add(worker);
      await opened.watch.start();
      await eventually(() => opened.sent.length >= HIGH_WATER, "as many as there is room for");
      await opened.watch.scan();
      equal(opened.sent.length, HIGH_WATER);
      equal(opened.watch.backlog, 86);
      deepEqual(violations(cameras.database), []);

      // The detector takes them all: they are its jobs now, and count once.
      const jobs: number[] = [];
      for (const { handover, payload } of opened.sent) {
        const { upload_id: id } = payload as { upload_id: string };
        opened.site.store.transaction((tables) => {
          tables.handovers.answer(String(handover), null, opened.site.clock.now());
          jobs.push(queueJob(opened, id));
        });
      }
      opened.site.bus.emit("worked");
      equal(opened.sent.length, HIGH_WATER);
      opened.site.store.jobs.claim(worker, "me");
      for (const job of jobs.slice(0, 10)) opened.site.store.jobs.done(job, "me", 1);
      cameras.put("porch/live.jpg", picture);
      await eventually(() => {
        opened.site.bus.emit("worked");
        return opened.sent.length === HIGH_WATER + 10;
      }, "ten more");

      // A node that is gone or disabled holds nothing.
      opened.site.workers.delete(worker);
      opened.site.store.transaction((tables) => {
        for (const { handover } of opened.sent) tables.handovers.answer(String(handover), null, 1);
      });
      opened.site.bus.emit("worked");
      await eventually(() => opened.sent.length > HIGH_WATER + 10, "more");
      await eventually(() => opened.names().includes("porch/live.jpg"), "the live one");
    });

    it("is told of, and goes on after a restart", async () => {
      for (let index = 0; index < 100; index++) putOld(`yard/${index}.jpg`, 600);
      const { watch } = await start();
      await eventually(() => intake?.sent.length === HIGH_WATER, "the first");
      equal(watch.backlog, 0);
      await close();
      await start();
      // The hand-overs in the air are younger than a minute.
      equal(intake?.sent.length, 0);
      intake?.site.store.transaction((tables) => {
        for (const id of tables.handovers.toResend("watch", 0)) tables.handovers.answer(id, null, 1);
      });
      await sent(36);
      equal(cameras.rows("SELECT 1 FROM uploads WHERE state = 'handed'").length, 100);
    });
  });

  describe("an outage", () => {
    /** Handed on, waiting and rejected files: all that a root may hold. */
    async function startWithFiles(): Promise<Intake> {
      const opened = await start({ stableMs: 60_000 });
      cameras.put("yard/a.jpg", picture);
      cameras.put("yard/waiting.jpg", "unfinished");
      await sent(1);
      await eventually(() => cameras.states()["yard/waiting.jpg"] === "found", "the row");
      return opened;
    }

    const outages: [string, string, () => void][] = [
      ["missing", "ROOT_MISSING", () => {}],
      ["empty", "ROOT_EMPTY", () => mkdirSync(cameras.root)],
      ["another one", "ROOT_REPLACED", () => cameras.put("yard/other.jpg", "something else")],
      ["no folder", "ROOT_UNREADABLE", () => cameras.put("../cameras", "a file")],
    ];
    for (const [what, code, replace] of outages) {
      it(`is a folder that is ${what}: nothing is gone, and all goes on when it is back`, async () => {
        const { watch, errors } = await startWithFiles();
        renameSync(cameras.root, join(folder, "away"));
        replace();
        await watch.scan();
        equal(watch.outage, true);
        ok(errors.some((error) => error.code === code && error.retryable));
        deepEqual(cameras.states(), { "yard/a.jpg": "handed", "yard/waiting.jpg": "found" });
        rmSync(cameras.root, { recursive: true, force: true });
        renameSync(join(folder, "away"), cameras.root);
        cameras.put("yard/waiting.jpg", picture);
        await watch.scan();
        equal(watch.outage, false);
        await eventually(() => cameras.states()["yard/waiting.jpg"] === "handed", "what waited", 15_000);
        deepEqual(violations(cameras.database), []);
      }).timeout(30_000);
    }

    it("is a folder that is missing and cannot be made, which is said", async () => {
      // Below a file not even root can make it.
      rmSync(cameras.root, { recursive: true, force: true });
      writeFileSync(join(folder, "file"), "");
      symlinkSync(join(folder, "file", "cameras"), cameras.root);
      const { watch, errors } = await start();
      equal(watch.outage, true);
      deepEqual(
        errors.map(({ code, message }) => [code, message]),
        [["ROOT_UNREADABLE", `the folder ${cameras.root} cannot be opened or made (ENOTDIR)`]],
      );
    });

    it("begins with the first file in a folder that has taken the root's place, which is not taken", async () => {
      const { watch, names } = await start();
      cameras.put("yard/a.jpg", picture);
      await sent(1);
      rmSync(cameras.root, { recursive: true });
      // Until its folder has been noticed, files that come into it are not seen.
      for (let n = 0; !watch.outage && names().length === 1; n++) {
        cameras.put(`yard/other-${n}.jpg`, picture);
        await nextTurn();
      }
      equal(watch.outage, true);
      deepEqual(cameras.states(), { "yard/a.jpg": "handed" });
    });

    it("of a folder that was emptied ends with the next file", async () => {
      const { watch } = await start({ camera: "yard" });
      cameras.put("a.jpg", picture);
      await sent(1);
      rmSync(cameras.at("a.jpg"));
      await watch.scan();
      equal(watch.outage, true);
      cameras.put("b.jpg", picture);
      await sent(2);
      equal(watch.outage, false);
    });

    it("takes nothing of a first start for old, and ends with a known file in another folder", async () => {
      await startWithFiles();
      await close();
      renameSync(cameras.root, join(folder, "away"));
      mkdirSync(cameras.root);
      const { watch, errors } = await start({ takeExisting: false });
      equal(watch.outage, true);
      deepEqual(
        errors.map(({ code }) => code),
        ["ROOT_EMPTY"],
      );
      rmSync(cameras.root, { recursive: true });
      // The same files on another drive, with their times.
      mkdirSync(cameras.root);
      renameSync(join(folder, "away", "yard"), join(cameras.root, "yard"));
      await watch.scan();
      equal(watch.outage, false);
    });

    it("is none while no file is known: any folder will do, and what it held before is old", async () => {
      const { watch } = await start({ takeExisting: false });
      mkdirSync(join(folder, "drive", "yard"), { recursive: true });
      renameSync(cameras.root, join(folder, "mount-point"));
      renameSync(join(folder, "drive"), cameras.root);
      await watch.scan();
      equal(watch.outage, false);
      cameras.put("yard/a.jpg", picture);
      await sent(1);
    });

    it("is none of a ramdisk that is empty after a reboot, and takes what came before the start", async function () {
      const mount = () => execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", cameras.root]);
      const unmount = () => execFileSync("umount", ["-l", cameras.root], { stdio: "ignore" });
      mkdirSync(cameras.root);
      try {
        mount();
      } catch {
        return this.skip();
      }
      try {
        await start({ takeExisting: false });
        cameras.put("yard/a.jpg", picture);
        await sent(1);
        await intake?.watch.scan();
        await close();
        for (const name of ["yard/b.jpg", null]) {
          unmount();
          mount();
          if (name !== null) cameras.put(name, picture);
          const { watch, errors } = await start({ takeExisting: false });
          equal(watch.outage, false);
          deepEqual(errors, []);
          if (name !== null) await sent(1);
          await close();
        }
      } finally {
        await close();
        unmount();
      }
    });

    it("that a person ends leaves what was in the other folder as old files", async () => {
      const { watch } = await start({ takeExisting: false });
      cameras.put("yard/a.jpg", picture);
      await sent(1);
      await watch.scan();
      renameSync(cameras.root, join(folder, "away"));
      cameras.put("yard/copied.jpg", picture);
      await watch.scan();
      equal(watch.outage, true);
      await eventually(() => Date.now() - statSync(cameras.at("yard/copied.jpg")).ctimeMs > 50, "an old file");
      await watch.accept();
      cameras.put("yard/new.jpg", picture);
      await sent(2);
      deepEqual(cameras.states(), { "yard/a.jpg": "handed", "yard/copied.jpg": "baseline", "yard/new.jpg": "handed" });
    });

    it("ends when a person says that the folder is right", async () => {
      const { watch } = await startWithFiles();
      renameSync(cameras.root, join(folder, "away"));
      cameras.put("yard/other.jpg", picture);
      await watch.scan();
      equal(watch.outage, true);
      await watch.accept();
      equal(watch.outage, false);
      await sent(2);
      await eventually(() => cameras.states()["yard/waiting.jpg"] === "gone", "the end of what waited", 15_000);
    }).timeout(30_000);
  });

  const ends: [string, string, () => void][] = [
    ["is gone", "gone", () => rmSync(cameras.at("yard/a.jpg"))],
    ["is broken", "rejected", () => cameras.put("yard/a.jpg", "broken")],
  ];
  for (const [how, state, spoil] of ends) {
    it(`has a duplicate looked at in the place of a file that ${how} when it is found again`, async () => {
      // As a store that was begun anew from its backup has it: the original waits again, its duplicate is one.
      const { site, sent: messages } = await start();
      cameras.put("yard/a.jpg", picture);
      await sent(1);
      cameras.put("yard/b.jpg", picture);
      await sent(2);
      const [original = "", duplicate = ""] = messages.map(({ payload }) => (payload as Upload).upload_id);
      site.store.uploads.markDuplicate(duplicate, original, "dedupe");
      await close();
      const db = new Database(cameras.database);
      db.prepare("UPDATE uploads SET state = 'found', sha256 = NULL WHERE upload_id = ?").run(original);
      db.close();
      spoil();
      await start();
      await eventually(() => cameras.states()["yard/a.jpg"] === state, "the end of the original");
      equal(cameras.states()["yard/b.jpg"], "handed");
      deepEqual(violations(cameras.database), []);
      deepEqual(cameras.rows("SELECT node_id, port FROM handovers WHERE node_id = 'dedupe'"), [
        { node_id: "dedupe", port: 0 },
      ]);
    });
  }

  it("refuses at its start to watch a link into a folder that another one watches", async () => {
    mkdirSync(cameras.root);
    const link = join(folder, "link");
    symlinkSync(cameras.root, link);
    intake = cameras.open({ root: link });
    const { site, watch } = intake;
    const another = {};
    site.roots.claim(another, cameras.root);
    await rejects(watch.start(), { code: "ROOTS_OVERLAP" });
    site.roots.release(another);
    await watch.start();
  });

  it("has files wait whose folder's camera id another one has, and takes them under their own", async () => {
    cameras.put("Front Door/a.jpg", picture);
    const { errors, watch } = await start();
    await sent(1);
    cameras.put("front-door/b.jpg", picture);
    await watch.scan();
    await eventually(() => errors.length === 1, "the error");
    equal(errors[0]?.code, "CAMERA_ID_TAKEN");
    deepEqual(cameras.states(), { "Front Door/a.jpg": "handed" });
    await close();
    await start({}, { cameras: [{ id: "porch", folder: "front-door" }] });
    await sent(1);
    deepEqual(cameras.rows("SELECT camera_id FROM uploads WHERE path = 'front-door/b.jpg'"), [{ camera_id: "porch" }]);
  });
});
