import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Detector } from "../../../lib/detect/detector.ts";
import { Ffmpeg } from "../../../lib/media/ffmpeg.ts";
import { inspectionStage } from "../../../lib/site/inspection.ts";
import { DATABASE_FILE } from "../../../lib/store/store.ts";
import { eventually } from "../../support/eventually.ts";
import { noFilters } from "../../support/filters.ts";
import { violations } from "../../support/invariants.ts";
import { scene } from "../../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { enterHanded, rows, uploadOf } from "../store/support.ts";
import { type Rig, RunningSite } from "./running-site.ts";

const SEES_NOTHING: Detector = {
  name: "blind",
  concurrency: 1,
  inProcess: false,
  detect: async () => ({ frame: { width: 640, height: 360 }, boxes: [], inferenceMs: null }),
  detectMany: async () => [],
  health: async () => "ready",
  reset: () => {},
  close: async () => {},
};

describe("a picture that comes as bytes or as a path", () => {
  let running: RunningSite;
  let detect: Rig<unknown>;
  let bytes: Buffer;

  before(async () => {
    bytes = await scene();
  });

  beforeEach(() => {
    running = new RunningSite();
    const { site } = running;
    detect = running.start("detect", "detect", ({ nodeId }) => ({
      stage: inspectionStage({
        site,
        nodeId,
        detector: SEES_NOTHING,
        ffmpeg: new Ffmpeg(),
        framesPerClip: 5,
        filters: noFilters,
        defaultCamera: "",
        publish: false,
      }),
    }));
  });

  afterEach(async () => {
    await running.close();
    removeTempFolders();
  });

  /** Puts a message in and waits until its work has ended. */
  const ended = async (message: object) => {
    const before = detect.ended.length;
    await detect.put({ topic: "porch", ...message });
    await eventually(() => detect.ended.length > before, "the end of the work");
    equal(detect.ended.at(-1), undefined);
  };
  const account = () => rows(running.folder, "SELECT * FROM account ORDER BY upload_id");
  /** An upload that a watch has handed on with these bytes. */
  const watched = () => {
    const path = join(tempFolder(), "1.jpg");
    writeFileSync(path, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const upload = uploadOf("up_1", { sha256, size: bytes.length });
    enterHanded(running.site.store, upload);
    const handover = running.site.store.handovers.send("watch", 0, { kind: "upload", id: "up_1" }, "{}", 0);
    return { path, handover };
  };

  for (const what of ["bytes", "path"] as const) {
    it(`is the upload that a watch has found, when a message brings its ${what} instead`, async () => {
      const { path, handover } = watched();
      const payload = what === "bytes" ? bytes : path;
      await ended({ _msgid: "m1", handover, payload });
      await running.pass(3);
      await ended({ _msgid: "m2", handover, payload, replayed: true });
      deepEqual(account(), [{ upload_id: "up_1", what: "inspected" }]);
      deepEqual(rows(running.folder, "SELECT subject_id, state FROM work"), [{ subject_id: "up_1", state: "done" }]);
      deepEqual(violations(join(running.folder, DATABASE_FILE)), []);
    });
  }

  it("is one upload where its message is sent again, and two where it comes in messages of their own", async () => {
    await ended({ _msgid: "m1", payload: bytes });
    await running.pass(3);
    await ended({ _msgid: "m1", payload: bytes });
    equal(account().length, 1);
    await ended({ _msgid: "m2", payload: bytes });
    equal(account().length, 2);
  });

  it("belongs to the upload that a user's node has made it of, each part of it", async () => {
    const { handover } = watched();
    const [left, right] = [await scene(null, { seed: 1 }), await scene(null, { seed: 2 })];
    await ended({ _msgid: "m1", handover, payload: left });
    await ended({ _msgid: "m2", handover, payload: right });
    await ended({ _msgid: "m3", handover, payload: left });
    deepEqual(account(), [{ upload_id: "up_1", what: "inspected" }]);
    const inspections = rows(running.folder, "SELECT upload_id, sha256 FROM inspections");
    equal(inspections.length, 2);
    ok(inspections.every(({ upload_id }) => upload_id === "up_1"));
    notEqual(inspections[0]?.sha256, inspections[1]?.sha256);
    deepEqual(violations(join(running.folder, DATABASE_FILE)), []);
  });

  it("may be another camera's than the upload that it came of", async () => {
    const { handover } = watched();
    await ended({ handover, topic: "Back Door", payload: await scene(null, { seed: 1 }) });
    deepEqual(rows(running.folder, "SELECT camera_id FROM work"), [{ camera_id: "back_door" }]);
    deepEqual(account(), [{ upload_id: "up_1", what: "inspected" }]);
  });
});
