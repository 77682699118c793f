/** What every function that decodes pictures does with those that are meant to harm. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { drawAlertPicture } from "../../../lib/media/alert-picture.ts";
import { pictureHash } from "../../../lib/media/picture-hash.ts";
import { drawThumbnail } from "../../../lib/media/thumbnail.ts";
import { isUpright, turnUpright } from "../../../lib/media/upright.ts";
import { validatePicture } from "../../../lib/media/validate.ts";
import { withSize } from "../../support/pictures.ts";
import { jpegPicture, pngPicture } from "./support.ts";

const DECODERS: Readonly<Record<string, (picture: Buffer) => Promise<unknown>>> = {
  validatePicture,
  isUpright,
  turnUpright,
  pictureHash,
  drawThumbnail: (picture) => drawThumbnail(picture, []),
  drawAlertPicture: (picture) => drawAlertPicture(picture, []),
};

/** A comment, as long as one can be. */
const COMMENT = Buffer.concat([Buffer.from("fffeffff", "hex"), Buffer.alloc(0xffff - 2, "x")]);

const PICTURES: [what: string, picture: () => Promise<Buffer>, code: string | null][] = [
  ["a PNG that claims 50,000 x 50,000 pixels", async () => withSize(await pngPicture(), 50_000, 50_000), "TOO_LARGE"],
  ["a JPEG that claims 65,000 x 65,000 pixels", async () => withSize(await jpegPicture(), 65_000, 65_000), "TOO_LARGE"],
  ["a JPEG with 20 MB of comments", async () => commented(await jpegPicture(), 320), null],
  ["an SVG", async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), "NOT_AN_IMAGE"],
  [
    "a GIF",
    () =>
      sharp({ create: { width: 9, height: 9, channels: 3, background: "red" } })
        .gif()
        .toBuffer(),
    "NOT_AN_IMAGE",
  ],
  ["nothing", async () => Buffer.alloc(0), "EMPTY_FILE"],
];

/** A JPEG with that many comments before the picture. */
function commented(jpeg: Buffer, count: number): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...Array(count).fill(COMMENT), jpeg.subarray(2)]);
}

describe("hostile pictures", () => {
  for (const [what, make, code] of PICTURES) {
    it(`${code === null ? "harm nobody" : "are refused"}: ${what}`, async () => {
      const picture = await make();
      for (const [name, decode] of Object.entries(DECODERS)) {
        if (code === null) await decode(picture);
        else await assert.rejects(decode(picture), { name: "MediaError", code, retryable: false }, name);
      }
    });
  }
});
