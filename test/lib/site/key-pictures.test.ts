import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { Batch } from "../../../lib/domain/batch.ts";
import type { Detected } from "../../../lib/domain/detection.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import { readKeyPictures } from "../../../lib/site/key-pictures.ts";
import { scene } from "../../support/pictures.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { ORIENTATIONS, storedAs } from "../media/support.ts";
import { AT, batchOf, seen, WatchedSite } from "./watched-site.ts";

const { signal } = new AbortController();
const LATER = "2026-11-20T12:00:07.000Z";

describe("readKeyPictures", () => {
  let watched: WatchedSite;
  let picture: Buffer;

  before(async () => {
    picture = await scene();
  });
  beforeEach(() => {
    watched = new WatchedSite();
  });
  afterEach(() => watched.close());
  after(removeTempFolders);

  const read = (batch: Batch, { most = 4, longestSide = 320 } = {}) =>
    readKeyPictures(batch, { site: watched.site, nodeId: "analyze", most, longestSide }, signal);
  const upload = (name: string, changes: Partial<Upload> = {}) => watched.upload(name, picture, changes);

  /** A clip in which a person was seen at 2 s, as `detect` has entered it; `still` is the frame that it kept. */
  const clipWith = (still: string) => {
    const clip = upload("a.mp4", { media_type: "video" });
    const detections = [
      seen("person", clip, { detection_id: "de_1", offset_ms: 0, confidence: 0.6 }),
      seen("person", clip, { detection_id: "de_2", offset_ms: 2000 }),
    ];
    const detected: Detected = {
      inspection_id: "in_1",
      upload: clip,
      frame: { width: 640, height: 360 },
      detections,
      still_path: still,
      thumbnail_path: null,
      detector: "motion",
      inference_ms: null,
    };
    watched.site.store.transaction(({ uploads, inspections }) => {
      uploads.adopt(clip);
      inspections.adopt(detected, AT);
    });
    return batchOf(still, [clip], detections);
  };

  it("reads the best of each label, made as small as is asked for, with when it was taken", async () => {
    const [car, person] = [upload("a.jpg"), upload("b.jpg", { captured_at: LATER })];
    const detections = [seen("car", car), seen("person", person)];
    const { pictures, missing } = await read(batchOf(null, [car, person], detections));
    equal(missing, 0);
    deepEqual(
      pictures.map(({ jpeg: _jpeg, ...rest }) => rest),
      [
        { width: 320, height: 180, time: Date.parse(LATER), detections: [detections[1]] },
        { width: 320, height: 180, time: Date.parse(AT), detections: [detections[0]] },
      ],
    );
    for (const { jpeg } of pictures) {
      const { format, width, height } = await sharp(jpeg).metadata();
      deepEqual([format, width, height], ["jpeg", 320, 180]);
    }
    deepEqual(watched.log, []);
  });

  it("reads no more than asked for", async () => {
    const [car, person] = [upload("a.jpg"), upload("b.jpg")];
    const batch = batchOf(null, [car, person], [seen("car", car), seen("person", person)]);
    const { pictures } = await read(batch, { most: 1 });
    deepEqual(
      pictures.map(({ detections: [first] }) => first?.label),
      ["person"],
    );
  });

  it("enlarges nothing", async () => {
    const still = upload("a.jpg");
    const { pictures } = await read(batchOf(null, [still], [seen("person", still)]), { longestSide: 2048 });
    deepEqual([pictures[0]?.width, pictures[0]?.height], [640, 360]);
  });

  it("turns upright what a camera has stored otherwise", async () => {
    for (const orientation of ORIENTATIONS) {
      const turned = watched.upload(`${orientation}.jpg`, await storedAs(orientation, picture));
      const { pictures } = await read(batchOf(null, [turned], [seen("person", turned)]));
      deepEqual([pictures[0]?.width, pictures[0]?.height], [320, 180], `${orientation}`);
      const { orientation: left } = await sharp(pictures[0]?.jpeg).metadata();
      equal(left, undefined);
    }
  });

  it("reads the frame of a clip that was kept, and when in the clip that was", async () => {
    const still = join(watched.dataDir, "stills/a.jpg");
    watched.put(still, picture);
    const batch = clipWith(still);
    const { pictures } = await read(batch);
    deepEqual(
      pictures.map(({ time, detections }) => [time, detections]),
      [[Date.parse(AT) + 2000, [batch.detections[1]]]],
    );
  });

  it("reads a picture that came as bytes, from the site's own folder", async () => {
    const path = join(watched.dataDir, "inbox/a.jpg");
    watched.put(path, picture);
    const own = { ...upload("a.jpg"), upload_id: "up_own", path };
    equal((await read(batchOf(null, [own], [seen("person", own)]))).pictures.length, 1);
  });

  it("has none where nothing was seen, or is known of the upload", async () => {
    const still = upload("a.jpg");
    for (const batch of [batchOf(null, [still], []), batchOf(null, [], [seen("person", still)])]) {
      deepEqual(await read(batch), { pictures: [], missing: 0 });
    }
    deepEqual(watched.log, []);
  });

  const spoilt: [what: string, spoil: (path: string) => void, reason: RegExp][] = [
    ["is gone", (path) => rmSync(path), /does not exist any more/],
    ["is another one by now", (path) => writeFileSync(path, "another"), /another picture/],
    [
      "has become a link",
      (path) => {
        rmSync(path);
        symlinkSync("/etc/hostname", path);
      },
      /not a regular file/,
    ],
  ];
  for (const [what, spoil, reason] of spoilt) {
    it(`leaves out what ${what}, and says so once`, async () => {
      const [gone, left] = [upload("a.jpg"), upload("b.jpg")];
      spoil(gone.path);
      const { pictures, missing } = await read(batchOf(null, [gone, left], [seen("person", gone), seen("car", left)]));
      deepEqual([pictures.length, missing], [1, 1]);
      equal(watched.log.length, 1);
      match(watched.log[0] ?? "", /^Of the batch ba_1 the model is shown 1 of 2 pictures: /);
      match(watched.log[0] ?? "", reason);
    });
  }

  it("leaves out what cannot be decoded", async () => {
    const broken = watched.upload("a.jpg", picture.subarray(0, picture.length / 2));
    deepEqual(await read(batchOf(null, [broken], [seen("person", broken)])), { pictures: [], missing: 1 });
    match(watched.log[0] ?? "", /breaks off before its end/);
  });

  it("leaves out a clip of which no frame is known", async () => {
    const clip = upload("a.mp4", { media_type: "video" });
    deepEqual(await read(batchOf(null, [clip], [seen("person", clip)])), { pictures: [], missing: 1 });
    match(watched.log[0] ?? "", /no frame of .*a\.mp4 is known/);
  });

  describe("reads nothing that a record from elsewhere names", () => {
    const outside: [what: string, path: () => string][] = [
      ["outside", () => join(watched.folder, "private.jpg")],
      ["by a way out of the data folder", () => `${watched.dataDir}/stills/../../private.jpg`],
      ["in a watched folder, where no upload is", () => join(watched.root, "private.jpg")],
      [
        "through a link out of the data folder",
        () => {
          symlinkSync(watched.folder, join(watched.dataDir, "linked"));
          return join(watched.dataDir, "linked/private.jpg");
        },
      ],
    ];
    for (const [where, name] of outside) {
      for (const kind of ["image", "video"] as const) {
        it(`${where} (${kind})`, async () => {
          for (const folder of [watched.folder, watched.root]) watched.put(join(folder, "private.jpg"), picture);
          const path = name();
          const batch =
            kind === "video"
              ? clipWith(path)
              : ((own) => batchOf(path, [own], [seen("person", own)]))({ ...upload("a.jpg"), path });
          deepEqual(await read(batch), { pictures: [], missing: 1 });
        });
      }
    }

    it("the database", async () => {
      deepEqual(await read(clipWith(join(watched.dataDir, "vigil.db"))), { pictures: [], missing: 1 });
    });
  });

  it("is abandoned when the node closes", async () => {
    const still = upload("a.jpg");
    const closed = AbortSignal.abort(new Error("closing"));
    const options = { site: watched.site, nodeId: "analyze", most: 1, longestSide: 320 };
    const batch = batchOf(null, [still], [seen("person", still)]);
    await rejects(readKeyPictures(batch, options, closed), { message: "closing" });
    deepEqual(watched.log, []);
  });
});
