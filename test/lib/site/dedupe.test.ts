import { deepEqual, equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Upload } from "../../../lib/domain/upload.ts";
import { dedupeStage } from "../../../lib/site/dedupe.ts";
import { likenessOf } from "../../../lib/site/likeness.ts";
import type { Likeness } from "../../../lib/store/claims.ts";
import { eventually } from "../../support/eventually.ts";
import { scene } from "../../support/pictures.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { rows, sha, uploadOf } from "../store/support.ts";
import { type Rig, RunningSite } from "./running-site.ts";

const LIMIT = 4;
const WINDOW_MS = 60_000;

describe("dedupe, where pictures that look alike count as the same", () => {
  let running: RunningSite;

  beforeEach(() => {
    running = new RunningSite();
  });
  afterEach(async () => {
    await running.close();
    removeTempFolders();
  });

  const start = (look: (upload: Upload) => Promise<Likeness | null>) =>
    running.start("dedupe", "dedupe", ({ nodeId }) => ({
      stage: dedupeStage({ nodeId, windowMs: WINDOW_MS, clock: running.clock, likenessOf: look }),
    }));
  const startReal = () => start((upload) => likenessOf(upload, { site: running.site, nodeId: "dedupe", limit: LIMIT }));

  /** A picture in a file, and its upload. */
  function still(id: string, bytes: Buffer): Upload {
    const path = join(running.folder, `${id}.jpg`);
    writeFileSync(path, bytes);
    return uploadOf(id, { path, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
  }

  async function put(rig: Rig<Upload>, ...uploads: Upload[]): Promise<void> {
    const before = rig.ended.length;
    for (const upload of uploads)
      rig.node.input({ payload: upload, topic: upload.camera_id }, (error) => rig.ended.push(error));
    await eventually(() => rig.ended.length === before + uploads.length, "the end of the messages");
    deepEqual(
      rig.ended.slice(before),
      uploads.map(() => undefined),
    );
  }

  const passed = ({ sent }: Rig<Upload>) => sent.map(({ payload }) => (payload as Upload).upload_id);
  const ledger = () =>
    rows(running.folder, "SELECT upload_id, original_id, distance FROM uploads ORDER BY upload_id").map(Object.values);

  it("folds what looks like the first of a burst into that, and counts it there", async () => {
    const rig = startReal();
    const box = { x: 100, y: 100, width: 120, height: 200 };
    await put(rig, still("up_1", await scene()), still("up_2", await scene(null, { seed: 1 })));
    await put(rig, still("up_3", await scene(box)), still("up_4", await scene(box, { seed: 1 })));
    deepEqual(passed(rig), ["up_1", "up_3"]);
    deepEqual(ledger(), [
      ["up_1", null, null],
      ["up_2", "up_1", 0],
      ["up_3", null, null],
      ["up_4", "up_3", 0],
    ]);
  });

  it("settles messages in the order in which they came, however long each takes to look at", async () => {
    const waits = new Map<string, PromiseWithResolvers<void>>();
    const rig = start(async ({ upload_id }) => {
      const wait = Promise.withResolvers<void>();
      waits.set(upload_id, wait);
      await wait.promise;
      return { hash: "0000000000000000", limit: LIMIT };
    });
    const ids = ["up_1", "up_2", "up_3"];
    const ended = put(rig, ...ids.map((id) => uploadOf(id)));
    for (const id of ids) (await eventually(() => waits.get(id), `the look at ${id}`)).resolve();
    await ended;
    deepEqual(passed(rig), ["up_1"]);
    deepEqual(ledger().slice(1), [
      ["up_2", "up_1", 0],
      ["up_3", "up_1", 0],
    ]);
  });

  it("takes in what is being looked at when the node closes", async () => {
    const wait = Promise.withResolvers<null>();
    const rig = start(() => wait.promise);
    const ended = put(rig, uploadOf("up_1"), uploadOf("up_2"));
    const closed = rig.node.close();
    wait.resolve(null);
    await Promise.all([ended, closed]);
    equal(ledger().length, 2);
  });

  it("lets pass what cannot be read, is another picture by now, is broken or a clip, and tells those by content only", async () => {
    const rig = startReal();
    const bytes = await scene();
    const gone = still("up_gone", bytes);
    rmSync(gone.path);
    const overwritten = { ...still("up_overwritten", bytes), sha256: sha("another") };
    const broken = still("up_broken", bytes.subarray(0, bytes.length / 2));
    const clip = { ...still("up_clip", Buffer.from("a clip")), media_type: "video" as const };
    await put(rig, gone, overwritten, broken, clip, { ...clip, upload_id: "up_clip_2" });
    deepEqual(passed(rig), ["up_gone", "up_overwritten", "up_broken", "up_clip"]);
    deepEqual(rows(running.folder, "SELECT DISTINCT hash FROM claims"), [{ hash: null }]);
    deepEqual(ledger()[2], ["up_clip_2", "up_clip", null]);
    deepEqual(rows(running.folder, "SELECT * FROM hazards"), []);
  });
});
