import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Detected } from "../../../lib/domain/detection.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import { BatchWindow } from "../../../lib/site/batch-window.ts";
import { DATABASE_FILE } from "../../../lib/store/store.ts";
import { eventually } from "../../support/eventually.ts";
import { violations } from "../../support/invariants.ts";
import { pixelsOf, scene } from "../../support/pictures.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { fileOf, rows, seenOf, uploadOf } from "../store/support.ts";
import { type Rig, RunningSite } from "./running-site.ts";

const FRAME = { width: 640, height: 360 };
const BOX = { x: 300, y: 120, width: 80, height: 160 };
const RED = [0xe7, 0x48, 0x56];
const NO_PICTURES = { still_path: null, thumbnail_path: null };

describe("an inspection that another machine has made", () => {
  let running: RunningSite;
  let batches: Rig<Detected>;
  /** Handed on by a watch of this site. */
  let upload: Upload;
  /** What was published of it. */
  let published: Detected[];

  beforeEach(async () => {
    running = new RunningSite();
    published = [];
    running.site.bus.on("detected", new AbortController().signal, (detected) => published.push(detected));
    batches = running.start("batch", "batch-window", ({ nodeId, site, act, journal, report }) => {
      const limits = { windowMs: 90_000, idleMs: 0, maxDetections: 50, fastLabels: [], fastConfidence: 1 };
      return { stage: new BatchWindow({ site, nodeId, limits, act, journal, report }).stage };
    });
    const bytes = await scene(BOX);
    const root = tempFolder();
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    upload = { ...uploadOf("up_1", { sha256, size: bytes.length }), path: join(root, "1.jpg") };
    writeFileSync(upload.path, bytes);
    const file = fileOf(upload, { root, path: "1.jpg" });
    running.site.store.found.enter(seenOf(upload.upload_id, file));
    running.site.store.found.hand(upload, file);
  });

  afterEach(async () => {
    await running.close();
    removeTempFolders();
  });

  /** Made of the upload elsewhere, where its file has another path. */
  const detected = (changes: Partial<Detected> = {}, { sees = true } = {}): Detected =>
    Detected.parse({
      inspection_id: "answer up_1",
      upload: { ...upload, path: "/of/another/machine.jpg", camera_id: "elsewhere" },
      frame: FRAME,
      detections: sees
        ? [
            {
              detection_id: "de_1",
              upload_id: upload.upload_id,
              captured_at: upload.captured_at,
              offset_ms: 0,
              label: "person",
              confidence: 0.9,
              ...BOX,
              frame_width: FRAME.width,
              frame_height: FRAME.height,
            },
          ]
        : [],
      still_path: "/of/another/machine.jpg",
      thumbnail_path: "/of/another/thumbnail.jpg",
      detector: "http://elsewhere",
      inference_ms: 5,
      ...changes,
    });
  const take = async (record: Detected) => {
    const before = batches.ended.length;
    await batches.put({ payload: record });
    await eventually(() => batches.ended.length > before, "the end of the work");
    equal(batches.ended.at(-1), undefined);
  };
  const stored = () =>
    rows(running.folder, "SELECT inspection_id, outcome, still_path, thumbnail_path FROM inspections");
  const accounts = () => rows(running.folder, "SELECT * FROM account");
  const contradictions = () => violations(join(running.folder, DATABASE_FILE));

  it("is of this site's upload, and has pictures of this site", async () => {
    await take(detected());
    const [row] = stored();
    const thumbnail = String(row?.thumbnail_path);
    equal(row?.still_path, upload.path);
    ok(thumbnail.startsWith(running.site.file("thumbnails", upload.camera_id)));
    ok((await pixelsOf(thumbnail, RED)) > 50);
    const [batch] = batches.sent;
    equal(batch?.topic, upload.camera_id);
    deepEqual(Object(batch?.payload).uploads, [upload]);
    equal(Object(batch?.payload).still_path, upload.path);
    deepEqual(
      published.map(({ thumbnail_path }) => thumbnail_path),
      [thumbnail],
    );
    deepEqual(contradictions(), []);
  });

  it("counts once, however often it comes", async () => {
    for (let n = 0; n < 3; n++) await take(detected());
    equal(stored().length, 1);
    equal(published.length, 1);
    equal(batches.sent.length, 1);
  });

  it("is how an upload ends in which nothing was seen", async () => {
    await take(detected({}, { sees: false }));
    deepEqual(
      stored().map(({ outcome, thumbnail_path }) => ({ outcome, thumbnail_path })),
      [{ outcome: "nothing", thumbnail_path: null }],
    );
    deepEqual(accounts(), [{ upload_id: "up_1", what: "inspected" }]);
    deepEqual([published, batches.sent], [[], []]);
  });

  it("is left aside where detection is switched off for the camera", async () => {
    running.site.settings.changeCamera(upload.camera_id, { detection: false });
    await take(detected());
    deepEqual(accounts(), [{ upload_id: "up_1", what: "skipped" }]);
    deepEqual([stored(), published, batches.sent], [[], [], []]);
    deepEqual(contradictions(), []);
  });

  it("cannot have this machine read other files, nor write outside its folder", async () => {
    const secret = join(tempFolder(), "secret.jpg");
    writeFileSync(secret, await scene());
    await take(detected({ inspection_id: "../../../../escaped", still_path: secret, thumbnail_path: secret }));
    const [row] = stored();
    equal(row?.still_path, upload.path);
    ok(String(row?.thumbnail_path).startsWith(running.site.file("thumbnails")));
    equal(existsSync(join(running.folder, "..", "escaped.jpg")), false);
  });

  it("has no picture where this site has none either", async () => {
    writeFileSync(upload.path, await scene(null, { seed: 7 }));
    await take(detected());
    deepEqual(stored(), [{ inspection_id: "answer up_1", outcome: "seen", ...NO_PICTURES }]);
    equal(Object(batches.sent[0]?.payload).still_path, null);
  });

  it("keeps pictures of its own that lie in the site's folder", async () => {
    const [still, thumbnail] = [running.site.file("stills", "s.jpg"), running.site.file("thumbnails", "t.jpg")];
    for (const path of [still, thumbnail]) {
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, await scene());
    }
    await take(detected({ still_path: still, thumbnail_path: thumbnail }));
    deepEqual(
      stored().map(({ still_path, thumbnail_path }) => [still_path, thumbnail_path]),
      [[still, thumbnail]],
    );
  });

  it("comes as it is where it is of an upload that this site has never had, or of other bytes", async () => {
    const foreign = { ...upload, upload_id: "up_2", path: "/of/another/machine.jpg" };
    await take(detected({ inspection_id: "a", upload: foreign }));
    await take(detected({ inspection_id: "b", upload: { ...upload, sha256: "0".repeat(64) } }));
    deepEqual(
      stored().map(({ still_path }) => still_path),
      ["/of/another/machine.jpg", "/of/another/machine.jpg"],
    );
    deepEqual(
      batches.sent.map(({ topic }) => topic),
      [upload.camera_id, upload.camera_id],
    );
  });
});
