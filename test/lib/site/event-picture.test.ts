import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { Batch } from "../../../lib/domain/batch.ts";
import { drawEventPicture } from "../../../lib/site/event-picture.ts";
import type { Site } from "../../../lib/site/site.ts";
import { pixelsOf, scene } from "../../support/pictures.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { batchOf, seen, WatchedSite } from "./watched-site.ts";

const RED = [0xe7, 0x48, 0x56];
const BLUE = [0x3b, 0x82, 0xf6];
const { signal } = new AbortController();

describe("drawEventPicture", () => {
  let watched: WatchedSite;
  let folder: string;
  let root: string;
  let site: Site;
  let log: readonly string[];
  let picture: Buffer;

  before(async () => {
    picture = await scene();
  });
  beforeEach(() => {
    watched = new WatchedSite();
    ({ folder, root, site, log } = watched);
  });
  afterEach(() => watched.close());
  after(removeTempFolders);

  const put = (path: string, bytes: Buffer) => watched.put(path, bytes);
  const upload = (name: string, bytes = picture) => watched.upload(name, bytes);

  const draw = (batch: Batch) => drawEventPicture(batch, "ev_1", site, signal);

  it("draws the best still of a batch with what was seen in it, in the site's data folder", async () => {
    const [first, best] = [upload("a.jpg"), upload("b.jpg", await scene(null, { seed: 1 }))];
    const detections = [seen("car", first), seen("person", best), seen("person", best, { confidence: 0.9, x: 400 })];
    const path = await draw(batchOf(best.path, [first, best], detections));
    assert.equal(path, join(folder, "data/pictures/porch/2026-11-20/ev_1.jpg"));
    const { width, height, format } = await sharp(path).metadata();
    assert.deepEqual([width, height, format], [640, 360, "jpeg"]);
    assert.ok((await pixelsOf(path, RED)) > 2000);
    assert.equal(await pixelsOf(path, BLUE), 0);
    assert.deepEqual(log, []);
  });

  it("draws a clip's best moment", async () => {
    const clip = upload("a.mp4");
    const still = join(folder, "data/stills/a.jpg");
    put(still, picture);
    const detections = [
      seen("car", clip, { offset_ms: 0 }),
      seen("person", clip, { offset_ms: 2000, confidence: 0.9 }),
      seen("person", clip, { offset_ms: 4000 }),
    ];
    const path = await draw(batchOf(still, [clip], detections));
    assert.ok(path);
    assert.ok((await pixelsOf(path, RED)) > 1000);
    assert.equal(await pixelsOf(path, BLUE), 0);
  });

  it("draws what was seen in the picture, not in what a user's node has cut out of it", async () => {
    const whole = upload("a.jpg");
    const still = join(folder, "data/inbox/cut.jpg");
    put(still, await scene(null, { width: 100, height: 80 }));
    const cut = { frame_width: 100, frame_height: 80, x: 10, y: 10, width: 40, height: 40 };
    const path = await draw(batchOf(still, [whole], [seen("car", whole), seen("person", whole, cut)]));
    assert.ok(path);
    assert.ok((await pixelsOf(path, RED)) > 100);
    assert.equal(await pixelsOf(path, BLUE), 0);
  });

  it("has none where nothing was seen", async () => {
    assert.equal(await draw(batchOf(null, [], [])), null);
    assert.deepEqual(log, []);
  });

  const spoilt: [what: string, spoil: (path: string) => void | Promise<void>, reason: RegExp][] = [
    ["is gone", (path) => rmSync(path), /does not exist any more/],
    ["is another one by now", async (path) => writeFileSync(path, await scene(null, { seed: 9 })), /another picture/],
    [
      "has become a link",
      (path) => {
        renameSync(path, `${path}.old`);
        symlinkSync(`${path}.old`, path);
      },
      /not a regular file/,
    ],
  ];
  for (const [what, spoil, reason] of spoilt) {
    it(`has none, and says so once, where the still ${what}`, async () => {
      const still = upload("a.jpg");
      await spoil(still.path);
      assert.equal(await draw(batchOf(still.path, [still], [seen("person", still)])), null);
      assert.equal(log.length, 1);
      assert.match(log[0] ?? "", /ev_1/);
      assert.match(log[0] ?? "", reason);
    });
  }

  it("has none where a still of ours cannot be decoded, or the picture cannot be written", async () => {
    const clip = upload("a.mp4");
    const still = join(folder, "data/stills/a.jpg");
    put(still, picture.subarray(0, picture.length / 2));
    const batch = batchOf(still, [clip], [seen("person", clip)]);
    assert.equal(await draw(batch), null);
    put(still, picture);
    put(join(folder, "data/pictures"), Buffer.from("a file where the folder should be"));
    assert.equal(await draw(batch), null);
    assert.equal(log.length, 2);
    assert.match(log[0] ?? "", /breaks off before its end/);
    assert.match(log[1] ?? "", /cannot be written/);
  });

  describe("reads nothing that a record from elsewhere names", () => {
    const named: [what: string, path: () => string][] = [
      ["a file of the system", () => put(join(folder, "private.jpg"), picture) && join(folder, "private.jpg")],
      [
        "a file below the watched folder that is no upload",
        () => put(join(root, "x.jpg"), picture) && join(root, "x.jpg"),
      ],
      [
        "a way out of the data folder",
        () => put(join(folder, "private.jpg"), picture) && `${join(folder, "data")}/pictures/../../private.jpg`,
      ],
      [
        "a link out of the data folder",
        () => {
          put(join(folder, "secret/private.jpg"), picture);
          symlinkSync(join(folder, "secret"), join(folder, "data/linked"));
          return join(folder, "data/linked/private.jpg");
        },
      ],
      ["the database", () => join(folder, "data/vigil.db")],
      ["nothing that there is", () => "/"],
    ];
    for (const [what, name] of named) {
      it(what, async () => {
        const path = name();
        const own = upload("a.jpg");
        const claimed = { ...own, path, sha256: createHash("sha256").update(picture).digest("hex") };
        for (const uploads of [[], [own], [claimed], [{ ...claimed, upload_id: "up_unknown" }]]) {
          assert.equal(await draw(batchOf(path, uploads, [seen("person", own)])), null);
        }
        assert.equal(log.length, 4);
      });
    }
  });

  it("replaces what was drawn before, in one go", async () => {
    const still = upload("a.jpg");
    const batch = batchOf(still.path, [still], [seen("person", still)]);
    const path = await draw(batch);
    assert.ok(path);
    const before = readFileSync(path);
    assert.equal(await draw(batch), path);
    assert.deepEqual(readFileSync(path), before);
  });

  it("is abandoned when the node closes", async () => {
    const still = upload("a.jpg");
    const closed = AbortSignal.abort(new Error("closing"));
    const batch = batchOf(still.path, [still], [seen("person", still)]);
    await assert.rejects(drawEventPicture(batch, "ev_1", site, closed), { message: "closing" });
    assert.deepEqual(log, []);
  });
});
