import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import sharp from "sharp";
import type { Detection } from "../../../lib/domain/detection.ts";
import { drawThumbnail } from "../../../lib/media/thumbnail.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";
import { assertText } from "./read-text.ts";
import { ORIENTATIONS, storedAs } from "./support.ts";

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
  after(removeTempFolders);

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
    ["Car", [0x3b, 0x82, 0xf6]],
    ["dog", [0x76, 0xb9, 0x00]],
    ["cat", [0x76, 0xb9, 0x00]],
    ["bicycle", [0xff, 0xb8, 0x00]],
    ["motorcycle", [0xff, 0xb8, 0x00]],
    ["bird", [0xa8, 0x55, 0xf7]],
    ["horse", [0x76, 0xb9, 0x00]],
    ["motion", [0x22, 0xd3, 0xee]],
    [`"/><script>`, [0x22, 0xd3, 0xee]],
  ];
  for (const [label, colour] of colours) {
    it(`draws the box of a ${label} where it is, in its colour`, async () => {
      const frame = { width: 1280, height: 720 };
      const boxes = [detection(label, { x: 320, y: 180, width: 640, height: 360 }, frame)];
      const thumbnail = await look(await drawThumbnail(await blank(1280, 720), boxes));
      // A quarter of the size, 30 pixels down: 80,75 to 240,165; its tag is above it on the left.
      for (const x of [81, 160, 238]) for (const y of [76, 163]) thumbnail.assertColour(x, y, colour);
      for (const x of [81, 238]) thumbnail.assertColour(x, 120, colour);
      for (const [x, y] of [
        [160, 120],
        [72, 120],
        [248, 120],
        [200, 66],
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

  for (const orientation of ORIENTATIONS) {
    it(`turns a picture of EXIF orientation ${orientation} upright, and its boxes are where they are`, async () => {
      const red = { create: { width: 160, height: 120, channels: 3, background: "red" } } as const;
      const upright = await sharp(await blank(640, 480))
        .composite([{ input: red, left: 0, top: 0 }])
        .png()
        .toBuffer();
      const boxes = [detection("car", { x: 320, y: 240, width: 160, height: 120 }, { width: 640, height: 480 })];
      const bytes = await drawThumbnail(await storedAs(orientation, upright), boxes);
      assert.equal((await sharp(bytes).metadata()).orientation, undefined);
      const thumbnail = await look(bytes);
      for (const [x, y] of [
        [5, 5],
        [75, 55],
      ] as const)
        thumbnail.assertColour(x, y, [255, 0, 0]);
      for (const [x, y] of [
        [315, 5],
        [5, 235],
        [315, 235],
        [200, 150],
      ] as const)
        thumbnail.assertColour(x, y, WHITE);
      thumbnail.assertColour(161, 150, [0x3b, 0x82, 0xf6]);
      thumbnail.assertColour(238, 150, [0x3b, 0x82, 0xf6]);
    });
  }

  describe("labels", () => {
    const frame = { width: 320, height: 240 };
    /** A thumbnail of a white picture of its own size. */
    const draw = async (...boxes: Detection[]) => drawThumbnail(await blank(320, 240), boxes);
    /** A box at 100,100. */
    const labelled = (label: string, confidence = 0.91) => ({
      ...detection(label, { x: 100, y: 100, width: 80, height: 60 }, frame),
      confidence,
    });
    /** Where a box at 100,100 has its tag: on its upper line. */
    const ABOVE = { x: 100, y: 92 };

    const texts: [label: string, text: string][] = [
      ["person", "person 91%"],
      ["bicycle", "bicycle 91%"],
      ["dog", "dog 91%"],
      ["bird", "bird 91%"],
      ["</svg><script>", "</svg><script> 91%"],
      ["Fahrgäste 🐕", "Fahrg?ste ? 91%"],
      ["\u202egnp.exe", "?gnp.exe 91%"],
      ["&#x0;%s", "&#x0;%s 91%"],
    ];
    for (const [label, text] of texts) {
      it(`can be read: ${JSON.stringify(label)} as ${text}`, async () => {
        await assertText(await draw(labelled(label)), ABOVE, text);
      });
    }

    it("are rounded to whole percents", async () => {
      await assertText(await draw(labelled("car", 0.876)), ABOVE, "car 88%");
      await assertText(await draw(labelled("car", 1)), ABOVE, "car 100%");
      await assertText(await draw(labelled("car", 0)), ABOVE, "car 0%");
    });

    it("are cut to the picture, with the confidence whole", async () => {
      const text = `${"x".repeat(48)} 91%`;
      await assertText(await draw(labelled("x".repeat(64))), { x: 5, y: 92 }, text);
    });

    const places: [where: string, box: { x: number; y: number }, tag: { x: number; y: number }][] = [
      ["in a box that reaches the upper edge", { x: 100, y: 0 }, { x: 100, y: 0 }],
      ["further left where the box is at the right edge", { x: 290, y: 100 }, { x: 257, y: 92 }],
      ["above a box in the lower corner", { x: 290, y: 215 }, { x: 257, y: 207 }],
    ];
    for (const [where, at, tag] of places) {
      it(`are ${where}`, async () => {
        const box = detection("person", { ...at, width: 30, height: 25 }, frame);
        await assertText(await draw(box), tag, "person 90%");
      });
    }

    it("do not reach into the black beside the picture", async () => {
      const boxes = [detection("person", { x: 0, y: 0, width: 100, height: 100 }, { width: 1280, height: 720 })];
      const bytes = await drawThumbnail(await blank(1280, 720), boxes);
      const thumbnail = await look(bytes);
      for (let x = 2; x < 80; x += 4) thumbnail.assertColour(x, 26, BLACK);
      await assertText(bytes, { x: 0, y: 30 }, "person 90%");
    });

    it("do not cover each other: the surest has the first choice", async () => {
      const bytes = await draw(labelled("car", 0.5), labelled("truck", 0.9), labelled("bus", 0.7));
      await assertText(bytes, ABOVE, "truck 90%");
      await assertText(bytes, { x: 100, y: 103 }, "bus 70%");
      await assertText(bytes, { x: 100, y: 157 }, "car 50%");
    });

    it("are left out where there is no room, however many there are", async () => {
      const crowd = Array.from({ length: 1000 }, (_, n) => labelled(`person ${n}`, 1 - n / 1000));
      await assertText(await draw(...crowd), ABOVE, "person 0 100%");
      const flat = [detection("person", { x: 0, y: 0, width: 320, height: 5 }, { width: 320, height: 5 })];
      assert.ok(await drawThumbnail(await blank(320, 5), flat));
    });

    it("are the same where no font is installed", async () => {
      const empty = tempFolder();
      const script = `
        import { drawThumbnail } from ${JSON.stringify(new URL("../../../lib/media/thumbnail.ts", import.meta.url))};
        const [picture, boxes] = JSON.parse(process.argv[1]);
        process.stdout.write(await drawThumbnail(Buffer.from(picture, "base64"), boxes));`;
      const picture = await blank(320, 240);
      const boxes = [labelled("person")];
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        ["--input-type=module", "--eval", script, JSON.stringify([picture.toString("base64"), boxes])],
        { env: { ...process.env, FONTCONFIG_PATH: empty, FONTCONFIG_FILE: join(empty, "fonts.conf"), HOME: empty } },
      );
      assert.equal(status, 0, stderr.toString());
      await assertText(stdout, ABOVE, "person 91%");
    });
  });

  it("draws within the picture whatever a record from elsewhere says", async () => {
    const frame = { width: 640, height: 480 };
    const boxes = [
      detection("person", { x: 9999, y: 9999, width: 9999, height: 9999 }, frame),
      detection("person", { x: 0, y: 0, width: 1e300, height: 1e300 }, frame),
    ];
    const thumbnail = await look(await drawThumbnail(await blank(1280, 720), boxes));
    for (const x of [0, 160, 319]) for (const y of [10, 26, 213, 230]) thumbnail.assertColour(x, y, BLACK);
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
