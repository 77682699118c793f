import assert from "node:assert/strict";
import type { Detection } from "../../../lib/domain/detection.ts";
import { sharp } from "../../../lib/media/sharp.ts";
import { drawThumbnail } from "../../../lib/media/thumbnail.ts";

type Colour = readonly [red: number, green: number, blue: number];

const BLACK: Colour = [0, 0, 0];
const WHITE: Colour = [255, 255, 255];

const blank = (width: number, height: number, background = "white") =>
  sharp({ create: { width, height, channels: 3, background } })
    .jpeg({ quality: 95 })
    .toBuffer();

function detection(
  label: string,
  box: { x: number; y: number; width: number; height: number },
  frame: { width: number; height: number },
): Detection {
  return {
    detection_id: "de_1",
    upload_id: "up_1",
    captured_at: "2026-09-11T12:31:00.000Z",
    offset_ms: 0,
    label,
    confidence: 0.9,
    ...box,
    frame_width: frame.width,
    frame_height: frame.height,
  };
}

/** The decoded thumbnail, to be asked for its pixels; JPEG moves colours a little. */
async function look(thumbnail: Buffer) {
  const { data, info } = await sharp(thumbnail).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  return {
    info,
    assertColour(x: number, y: number, colour: Colour) {
      const seen = at(x, y);
      const far = colour.some((value, channel) => Math.abs(value - (seen[channel] ?? -999)) > 60);
      assert.ok(!far, `at ${x},${y}: expected about ${colour}, found ${seen}`);
    },
  };
}

describe("drawThumbnail", () => {
  it("is a JPEG of 320 x 240", async () => {
    const thumbnail = await drawThumbnail(await blank(1920, 1080), []);
    const { format, width, height } = await sharp(thumbnail).metadata();
    assert.deepEqual({ format, width, height }, { format: "jpeg", width: 320, height: 240 });
  });

  it("pads wide and tall pictures with black", async () => {
    const wide = await look(await drawThumbnail(await blank(1280, 720), []));
    for (const x of [0, 160, 319]) {
      for (const y of [0, 25, 214, 239]) wide.assertColour(x, y, BLACK);
      for (const y of [34, 120, 205]) wide.assertColour(x, y, WHITE);
    }
    const tall = await look(await drawThumbnail(await blank(300, 600), []));
    for (const y of [0, 120, 239]) {
      for (const x of [0, 95, 224, 319]) tall.assertColour(x, y, BLACK);
      for (const x of [104, 160, 215]) tall.assertColour(x, y, WHITE);
    }
  });

  const colours: [label: string, colour: Colour][] = [
    ["person", [0xe7, 0x48, 0x56]],
    ["car", [0x3b, 0x82, 0xf6]],
    ["truck", [0x3b, 0x82, 0xf6]],
    ["bus", [0x3b, 0x82, 0xf6]],
    ["dog", [0x76, 0xb9, 0x00]],
    ["cat", [0x76, 0xb9, 0x00]],
    ["bicycle", [0xff, 0xb8, 0x00]],
    ["motorcycle", [0xff, 0xb8, 0x00]],
    ["bird", [0xa8, 0x55, 0xf7]],
    ["motion", [0x22, 0xd3, 0xee]],
    [`"/><script>`, [0x22, 0xd3, 0xee]],
  ];
  for (const [label, colour] of colours) {
    it(`draws the box of a ${label} where it is, in its colour`, async () => {
      const frame = { width: 1280, height: 720 };
      const boxes = [detection(label, { x: 320, y: 180, width: 640, height: 360 }, frame)];
      const thumbnail = await look(await drawThumbnail(await blank(1280, 720), boxes));
      // A quarter of the size, 30 pixels down: 80,75 to 240,165.
      for (const x of [81, 160, 238]) for (const y of [76, 163]) thumbnail.assertColour(x, y, colour);
      for (const x of [81, 238]) thumbnail.assertColour(x, 120, colour);
      for (const [x, y] of [
        [160, 120],
        [72, 120],
        [248, 120],
        [160, 66],
        [160, 174],
      ] as const)
        thumbnail.assertColour(x, y, WHITE);
    });
  }

  it("scales boxes from the frame that the detector saw", async () => {
    const boxes = [detection("person", { x: 80, y: 45, width: 160, height: 90 }, { width: 320, height: 180 })];
    const thumbnail = await look(await drawThumbnail(await blank(1280, 720), boxes));
    for (const [x, y] of [
      [81, 76],
      [238, 76],
      [81, 163],
      [238, 163],
    ] as const)
      thumbnail.assertColour(x, y, [0xe7, 0x48, 0x56]);
    thumbnail.assertColour(160, 120, WHITE);
  });

  it("keeps the whole line of a box at the frame's edge, and shows the smallest box", async () => {
    const frame = { width: 640, height: 480 };
    const boxes = [
      detection("person", { x: 0, y: 0, width: 640, height: 480 }, frame),
      detection("car", { x: 320, y: 240, width: 0.5, height: 0.5 }, frame),
    ];
    const thumbnail = await look(await drawThumbnail(await blank(640, 480), boxes));
    for (const [x, y] of [
      [1, 120],
      [318, 120],
      [160, 1],
      [160, 238],
    ] as const)
      thumbnail.assertColour(x, y, [0xe7, 0x48, 0x56]);
    thumbnail.assertColour(161, 121, [0x3b, 0x82, 0xf6]);
  });

  it("turns the picture upright as its EXIF says", async () => {
    // Stored 200 x 400, its left half red; orientation 6 turns it clockwise: the top half is red.
    const red = await sharp({ create: { width: 100, height: 400, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const stored = await sharp(await blank(200, 400))
      .composite([{ input: red, left: 0, top: 0 }])
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const boxes = [detection("car", { x: 100, y: 50, width: 200, height: 100 }, { width: 400, height: 200 })];
    const thumbnail = await look(await drawThumbnail(stored, boxes));
    thumbnail.assertColour(160, 20, BLACK);
    thumbnail.assertColour(20, 60, [255, 0, 0]);
    thumbnail.assertColour(300, 60, [255, 0, 0]);
    thumbnail.assertColour(20, 180, WHITE);
    thumbnail.assertColour(81, 120, [0x3b, 0x82, 0xf6]);
    assert.equal((await sharp(await drawThumbnail(stored, [])).metadata()).orientation, undefined);
  });

  it("puts black behind a transparent PNG", async () => {
    const clear = await sharp({ create: { width: 320, height: 240, channels: 4, background: "#ffffff00" } })
      .png()
      .toBuffer();
    (await look(await drawThumbnail(clear, []))).assertColour(160, 120, BLACK);
  });

  it("refuses what is no picture", async () => {
    await assert.rejects(drawThumbnail(Buffer.from("text"), []), { name: "MediaError", code: "NOT_AN_IMAGE" });
    const picture = await blank(640, 480);
    await assert.rejects(drawThumbnail(picture.subarray(0, picture.length / 2), []), { code: "TRUNCATED_IMAGE" });
  });
});
