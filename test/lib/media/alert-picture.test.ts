import assert from "node:assert/strict";
import sharp from "sharp";
import type { Detection } from "../../../lib/domain/detection.ts";
import { drawAlertPicture } from "../../../lib/media/alert-picture.ts";
import { assertText } from "./read-text.ts";
import { ORIENTATIONS, storedAs } from "./support.ts";

const FRAME = { frame_width: 1920, frame_height: 1080 };
const PERSON: Detection = {
  detection_id: "de_1",
  upload_id: "up_1",
  captured_at: "2026-09-11T12:31:00.000Z",
  offset_ms: 0,
  label: "person",
  confidence: 0.91,
  x: 480,
  y: 270,
  width: 480,
  height: 540,
  ...FRAME,
};

const blank = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "white" } })
    .jpeg()
    .toBuffer();
/** What no encoder can make small. */
const noise = (width: number, height: number) =>
  sharp({
    create: { width, height, channels: 3, background: "grey", noise: { type: "gaussian", mean: 128, sigma: 200 } },
  })
    .jpeg({ quality: 95, chromaSubsampling: "4:4:4" })
    .toBuffer();

describe("drawAlertPicture", () => {
  const sizes: [picture: [width: number, height: number], drawn: [width: number, height: number]][] = [
    [
      [1920, 1080],
      [1280, 720],
    ],
    [
      [1080, 1920],
      [720, 1280],
    ],
    [
      [1280, 960],
      [1280, 960],
    ],
    [
      [640, 360],
      [640, 360],
    ],
    [
      [3, 2],
      [3, 2],
    ],
  ];
  for (const [[width, height], drawn] of sizes) {
    it(`of ${width} x ${height} is a JPEG of ${drawn.join(" x ")}`, async () => {
      const picture = await sharp(await drawAlertPicture(await blank(width, height), [PERSON])).metadata();
      assert.deepEqual([picture.format, picture.width, picture.height], ["jpeg", ...drawn]);
    });
  }

  it("has boxes and labels in proportion", async () => {
    await assertText(await drawAlertPicture(await blank(1920, 1080), [PERSON]), { x: 320, y: 153 }, "person 91%", 3);
    await assertText(await drawAlertPicture(await blank(640, 360), [PERSON]), { x: 160, y: 72 }, "person 91%", 2);
    await assertText(await drawAlertPicture(await blank(320, 180), [PERSON]), { x: 80, y: 37 }, "person 91%");
  });

  it("has nothing drawn in where nothing was seen", async () => {
    const { channels } = await sharp(await drawAlertPicture(await blank(640, 360), [])).stats();
    assert.ok(channels.every(({ min }) => min > 250));
  });

  for (const orientation of ORIENTATIONS) {
    it(`turns a picture of EXIF orientation ${orientation} upright`, async () => {
      const red = { create: { width: 320, height: 180, channels: 3, background: "red" } } as const;
      const upright = await sharp(await blank(640, 360))
        .composite([{ input: red, left: 0, top: 0 }])
        .png()
        .toBuffer();
      const picture = await drawAlertPicture(await storedAs(orientation, upright), []);
      const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height], [640, 360]);
      const green = (x: number, y: number) => data[(y * info.width + x) * 3 + 1] ?? Number.NaN;
      assert.ok(green(10, 10) < 50 && green(310, 170) < 50);
      assert.ok(green(630, 10) > 200 && green(10, 350) > 200 && green(630, 350) > 200);
    });
  }

  for (const [width, height] of [
    [1280, 720],
    [1600, 1600],
  ] as const) {
    it(`stays below 400 kB for noise of ${width} x ${height}, at a lower quality or size`, async () => {
      const bytes = await drawAlertPicture(await noise(width, height), [PERSON]);
      assert.ok(bytes.length < 400_000, `${bytes.length} bytes`);
      const { width: drawn } = await sharp(bytes).metadata();
      assert.ok(drawn >= 640 && drawn <= 1280, `${drawn} pixels`);
    });
  }
});
