import assert from "node:assert/strict";
import sharp from "sharp";
import { validatePicture, validateVideoHeader } from "../../../lib/media/validate.ts";
import { withSize } from "../../support/pictures.ts";
import { aviClip, jpegPicture, mkvClip, mp4Clip, pngPicture } from "./support.ts";

describe("validatePicture", () => {
  it("gives the size of a picture", async () => {
    assert.deepEqual(await validatePicture(await jpegPicture(160, 90)), { width: 160, height: 90 });
    assert.deepEqual(await validatePicture(await pngPicture(90, 160)), { width: 90, height: 160 });
  });

  it("gives the size as people see it", async () => {
    const picture = await jpegPicture(160, 90);
    for (let orientation = 1; orientation <= 8; orientation++) {
      const turned = await sharp(picture).withMetadata({ orientation }).toBuffer();
      const upright = orientation < 5 ? { width: 160, height: 90 } : { width: 90, height: 160 };
      assert.deepEqual(await validatePicture(turned), upright, `orientation ${orientation}`);
    }
  });

  it("finds every picture that breaks off", async () => {
    const picture = await jpegPicture(320, 240);
    const pictures: [string, Buffer][] = [
      ["JPEG", picture],
      ["progressive JPEG", await sharp(picture).jpeg({ progressive: true }).toBuffer()],
      ["PNG", await sharp(picture).png().toBuffer()],
    ];
    for (const [what, whole] of pictures) {
      for (const part of [0.05, 0.3, 0.5, 0.7, 0.9, 0.99]) {
        const cut = whole.subarray(0, Math.floor(whole.length * part));
        await assert.rejects(validatePicture(cut), { name: "MediaError", code: "TRUNCATED_IMAGE" }, `${what} ${part}`);
      }
    }
  });

  it("accepts bytes behind the picture's end", async () => {
    const picture = Buffer.concat([await jpegPicture(160, 90), Buffer.from("camera serial 4711")]);
    assert.deepEqual(await validatePicture(picture), { width: 160, height: 90 });
  });

  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>`;
  const refused: [what: string, code: string, bytes: () => Buffer | Promise<Buffer>][] = [
    ["an empty file", "EMPTY_FILE", () => Buffer.alloc(0)],
    ["a text", "NOT_AN_IMAGE", () => Buffer.from("hello, I am a picture")],
    ["one byte", "NOT_AN_IMAGE", () => Buffer.from([0xff])],
    ["an SVG", "NOT_AN_IMAGE", () => Buffer.from(svg)],
    ["a GIF", "NOT_AN_IMAGE", () => sharp(Buffer.from(svg)).gif().toBuffer()],
    ["a WebP", "NOT_AN_IMAGE", () => sharp(Buffer.from(svg)).webp().toBuffer()],
    ["a clip", "NOT_AN_IMAGE", mp4Clip],
    [
      "a PNG signature and zeros",
      "UNREADABLE_IMAGE",
      async () => Buffer.concat([(await pngPicture()).subarray(0, 8), Buffer.alloc(99)]),
    ],
    ["a picture of 200 megapixels", "TOO_LARGE", async () => withSize(await pngPicture(), 20_000, 10_000)],
    ["a picture of 262,240 x 64 pixels", "TOO_LARGE", async () => withSize(await pngPicture(), 262_240, 64)],
    ["a progressive JPEG of 25 megapixels", "TOO_LARGE", async () => withSize(await whole("jpeg"), 5_000, 5_000)],
    ["an interlaced PNG of 25 megapixels", "TOO_LARGE", async () => withSize(await whole("png"), 5_000, 5_000)],
  ];
  for (const [what, code, make] of refused) {
    it(`refuses ${what}: ${code}`, async () => {
      await assert.rejects(validatePicture(await make()), { name: "MediaError", code, retryable: false });
    });
  }

  it("takes a large picture that is stored line by line", async () => {
    const picture = withSize(await jpegPicture(), 9_000, 9_000);
    assert.deepEqual(await validatePicture(picture), { width: 9_000, height: 9_000 });
  });

  /** A picture that decoders must hold as a whole. */
  async function whole(format: "jpeg" | "png"): Promise<Buffer> {
    return sharp(await jpegPicture())
      .toFormat(format, { progressive: true })
      .toBuffer();
  }
});

describe("validateVideoHeader", () => {
  for (const [name, bytes] of [
    ["a.mp4", mp4Clip()],
    ["a.mov", mp4Clip()],
    ["a.avi", aviClip()],
    ["a.mkv", mkvClip()],
  ] as const) {
    it(`accepts ${name}`, () => validateVideoHeader(bytes.subarray(0, 12), name));
  }

  for (const [what, code, bytes] of [
    ["an empty file", "EMPTY_FILE", Buffer.alloc(0)],
    ["a text", "NOT_A_VIDEO", Buffer.from("this is not a clip")],
    ["three bytes", "NOT_A_VIDEO", mkvClip().subarray(0, 3)],
    ["a sound file", "NOT_A_VIDEO", Buffer.from("RIFF\x10\0\0\0WAVEfmt ")],
    ["a JPEG", "NOT_A_VIDEO", Buffer.from("ffd8ffe000104a4649460001", "hex")],
  ] as const) {
    it(`refuses ${what}: ${code}`, () => {
      assert.throws(() => validateVideoHeader(bytes, "a.mp4"), { name: "MediaError", code });
    });
  }
});
